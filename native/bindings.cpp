// The module elman._native: takes the arrays, releases the GIL, calls the kernels.
//
// The checks here keep memory safe; elman.kernels.native checks before, with messages for people.
#include <nanobind/nanobind.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "bindings/answers.h"
#include "bindings/arrays.h"
#include "bindings/calls.h"
#include "bindings/cell_steps.h"
#include "bindings/running.h"
#include "bindings/stepping.h"
#include "bindings/tapes.h"
#include "elman/contract.h"
#include "elman/isa.h"
#include "elman/parallel.h"

namespace nb = nanobind;

namespace {

using elman::python::Buffers;
using elman::python::Layer;
using elman::python::Line;
using elman::python::ReadingOf;
using elman::python::recurrence_of;
using elman::python::run;
using elman::python::run_both;
using elman::python::Stepper;
using elman::python::tokens_of;

const elman::Isa* current = nullptr;  // set when the module is loaded, changed by use_isa

template <typename Real>
void dense(nb::tuple sizes, nb::handle inputs, nb::handle weight, nb::handle bias,
           nb::handle outputs, std::ptrdiff_t threads) {
  Buffers buffers;
  elman::Dense<Real> call{};
  call.rows = nb::cast<std::ptrdiff_t>(sizes[0]);
  call.depth = nb::cast<std::ptrdiff_t>(sizes[1]);
  call.columns = nb::cast<std::ptrdiff_t>(sizes[2]);
  call.inputs = buffers.dense<const Real>(inputs, "inputs", call.rows * call.depth);
  call.weight = buffers.dense<const Real>(weight, "weight", call.columns * call.depth);
  call.bias = buffers.dense<const Real>(bias, "bias", call.columns);
  call.outputs = buffers.dense<Real>(outputs, "outputs", call.rows * call.columns);
  const auto& kernels = current->kernels<Real>();
  run(kernels.dense, kernels.dense_workspace, kernels.dense_threads, call, threads);
}

// The weights of a recurrence, packed once, and perhaps the products of an embedding [V, I] with
// them. They are copied: the arrays may go or change.
class Prepared {
 public:
  Prepared(nb::tuple recurrence, bool twice, std::ptrdiff_t vocabulary, nb::handle embedding)
      : isa_(current), twice_(twice), vocabulary_(embedding.is_none() ? 0 : vocabulary) {
    twice ? pack<double>(recurrence, embedding) : pack<float>(recurrence, embedding);
  }
  template <typename Real>
  void use(elman::Forward<Real>& call) const {
    if (isa_ != current || twice_ != (sizeof(Real) == sizeof(double))) {
      throw nb::value_error("these weights were packed for another instruction set or dtype");
    }
    const std::size_t bytes = current->kernels<Real>().prepared_bytes(call.recurrence);
    if (cell_ != call.recurrence.cell || bytes_ != bytes) {
      throw nb::value_error("these weights were packed for another recurrence");
    }
    call.prepared = weights_->get();
    if (call.tokens.ids == nullptr || table_ == nullptr) return;
    if (call.tokens.vocabulary != vocabulary_) throw nb::value_error("another vocabulary");
    call.tokens.table = static_cast<const Real*>(table_->get());
  }
  std::ptrdiff_t vocabulary() const { return vocabulary_; }

  // One call by addresses, of whole rows without noise: as `forward`, with nothing to describe.
  // Sequences are (address, entries from row to row, entries from step to step).
  void answer(std::ptrdiff_t batch, std::ptrdiff_t time, bool reverse, std::uintptr_t inputs,
              std::ptrdiff_t input_row, std::ptrdiff_t input_step, std::uintptr_t hidden,
              std::uintptr_t cell, std::uintptr_t outputs, std::ptrdiff_t output_row,
              std::ptrdiff_t output_step, std::uintptr_t final_hidden, std::uintptr_t final_cell,
              std::ptrdiff_t threads) const {
    const auto by = [&](const auto& what) {
      using Real = std::remove_const_t<std::remove_pointer_t<decltype(what.bias)>>;
      elman::Forward<Real> call{};
      call.recurrence = what;
      call.reading.batch = batch;
      call.reading.time = time;
      call.reading.reverse = reverse;
      call.inputs = {reinterpret_cast<const Real*>(inputs), input_row, input_step};
      call.hidden = reinterpret_cast<const Real*>(hidden);
      call.cell = reinterpret_cast<const Real*>(cell);
      call.outputs = {reinterpret_cast<Real*>(outputs), output_row, output_step};
      call.final_hidden = reinterpret_cast<Real*>(final_hidden);
      call.final_cell = reinterpret_cast<Real*>(final_cell);
      use(call);
      const auto& kernels = current->kernels<Real>();
      run(kernels.forward, kernels.forward_workspace, kernels.forward_threads, call, threads);
    };
    twice_ ? by(what_twice_) : by(what_single_);
  }

 private:
  template <typename Real>
  void pack(nb::tuple recurrence, nb::handle embedding) {
    using elman::python::Memory;
    Buffers buffers;
    const auto what = recurrence_of<Real>(recurrence, 0, buffers);
    const auto& kernels = current->kernels<Real>();
    if constexpr (sizeof(Real) == sizeof(double)) {
      what_twice_ = what;
    } else {
      what_single_ = what;
    }
    cell_ = what.cell;
    bytes_ = kernels.prepared_bytes(what);
    weights_ = std::make_unique<Memory>(bytes_);
    kernels.prepare(what, weights_->get());
    const auto* words =
        buffers.dense<const Real>(embedding, "embedding", vocabulary_ * what.inputs);
    if (words == nullptr) return;
    table_ = std::make_unique<Memory>(kernels.table_bytes(what, vocabulary_));
    kernels.tabulate(what, weights_->get(), vocabulary_, words, static_cast<Real*>(table_->get()));
  }

  const elman::Isa* isa_;
  bool twice_;
  std::ptrdiff_t vocabulary_;  // of the embedding; 0 without one
  // What was packed, in one of the dtypes. Of its arrays it is only asked whether they are given.
  elman::Recurrence<float> what_single_{};
  elman::Recurrence<double> what_twice_{};
  elman::Cell cell_{};
  std::size_t bytes_ = 0;
  std::unique_ptr<elman::python::Memory> weights_, table_;
};

// The values of a call, as many as it takes and those at `needed` among them.
nb::tuple complete(const nb::tuple& given, std::size_t count, std::initializer_list<int> needed) {
  if (given.size() != count) throw nb::value_error("another number of values than the call takes");
  for (const int k : needed) {
    if (given[k].is_none()) throw nb::value_error("a value that the call needs is None");
  }
  return given;
}

// The arguments of `forward` as its call; holds what they lend.
template <typename Real>
class ForwardCall {
 public:
  // (recurrence, reading, inputs, tokens, hidden, cell, outputs, final_hidden, final_cell, kept,
  //  prepared)
  explicit ForwardCall(const nb::tuple& given)
      : read_(nb::tuple(complete(given, 11, {0, 1, 6, 7})[1]), buffers_) {
    if (given[2].is_none() == given[3].is_none()) throw nb::value_error("give inputs or tokens");
    const auto [batch, time, _lengths, _order, _resets, _reverse] = read_.get();
    call_.reading = read_.get();
    call_.recurrence = recurrence_of<Real>(nb::tuple(given[0]), batch, buffers_);
    const std::ptrdiff_t I = call_.recurrence.inputs, H = call_.recurrence.hidden;
    const std::ptrdiff_t R = call_.recurrence.recurrent;
    call_.inputs = buffers_.sequence<const Real>(given[2], "inputs", batch, time, I);
    call_.tokens = tokens_of<Real>(given[3], call_.reading, I, buffers_);
    call_.hidden = buffers_.dense<const Real>(given[4], "hidden", batch * R);
    call_.cell = buffers_.dense<const Real>(given[5], "cell", batch * H);
    call_.outputs = buffers_.sequence<Real>(given[6], "outputs", batch, time, R);
    call_.final_hidden = buffers_.dense<Real>(given[7], "final_hidden", batch * R);
    call_.final_cell = buffers_.dense<Real>(given[8], "final_cell", batch * H);
    const auto size = current->kernels<Real>().kept_size(call_.recurrence, call_.reading);
    call_.kept = buffers_.dense<Real>(given[9], "kept", static_cast<std::ptrdiff_t>(size));
    if (!given[10].is_none()) nb::cast<const Prepared&>(given[10]).use(call_);
  }
  elman::Forward<Real>& get() { return call_; }

 private:
  Buffers buffers_;
  ReadingOf read_;
  elman::Forward<Real> call_{};
};

// The arguments of `backward` as its call; holds what they lend.
template <typename Real>
class BackwardCall {
 public:
  // (recurrence, reading, inputs, hidden, cell, outputs, kept, grad_outputs, grad_final_hidden,
  //  grad_final_cell, grad_inputs, grad_hidden, grad_cell, grad_weights)
  explicit BackwardCall(const nb::tuple& given)
      : read_(nb::tuple(complete(given, 14, {0, 1, 2, 5, 6, 13})[1]), buffers_) {
    const auto [batch, time, _lengths, _order, _resets, _reverse] = read_.get();
    call_.reading = read_.get();
    call_.recurrence = recurrence_of<Real>(nb::tuple(given[0]), batch, buffers_);
    const std::ptrdiff_t I = call_.recurrence.inputs, H = call_.recurrence.hidden;
    const std::ptrdiff_t R = call_.recurrence.recurrent;
    const auto state = [&](int k, const char* name, std::ptrdiff_t size) {
      return buffers_.dense<const Real>(given[k], name, batch * size);
    };
    const auto read_steps = [&](int k, const char* name, std::ptrdiff_t size) {
      return buffers_.sequence<const Real>(given[k], name, batch, time, size);
    };
    call_.inputs = read_steps(2, "inputs", I);
    call_.hidden = state(3, "hidden", R);
    call_.cell = state(4, "cell", H);
    call_.outputs = read_steps(5, "outputs", R);
    const auto size = current->kernels<Real>().kept_size(call_.recurrence, call_.reading);
    call_.kept = buffers_.dense<const Real>(given[6], "kept", static_cast<std::ptrdiff_t>(size));
    call_.grad_outputs = read_steps(7, "grad_outputs", R);
    call_.grad_final_hidden = state(8, "grad_final_hidden", R);
    call_.grad_final_cell = state(9, "grad_final_cell", H);
    call_.grad_inputs = buffers_.sequence<Real>(given[10], "grad_inputs", batch, time, I);
    call_.grad_hidden = buffers_.dense<Real>(given[11], "grad_hidden", batch * R);
    call_.grad_cell = buffers_.dense<Real>(given[12], "grad_cell", batch * H);
    weights(nb::tuple(nb::tuple(given[0])[4]), nb::tuple(given[13]));
  }
  elman::Backward<Real>& get() { return call_; }

 private:
  void weights(const nb::tuple& read, const nb::tuple& given) {
    complete(given, read.size(), {});
    for (std::size_t k = 0; k < read.size(); ++k) {
      if (given[k].is_none() != read[k].is_none()) {
        throw nb::value_error("each weight has a gradient, and nothing else has");
      }
    }
    const std::ptrdiff_t I = call_.recurrence.inputs, H = call_.recurrence.hidden;
    const std::ptrdiff_t R = call_.recurrence.recurrent;
    const std::ptrdiff_t rows = elman::gates_of(call_.recurrence.cell) * H;
    call_.grad_weight_ih = buffers_.dense<Real>(given[0], "grad weight_ih", rows * I);
    call_.grad_weight_hh = buffers_.dense<Real>(given[1], "grad weight_hh", rows * R);
    call_.grad_bias = buffers_.dense<Real>(given[2], "grad bias", rows);
    call_.grad_recurrent_bias = buffers_.dense<Real>(given[3], "grad recurrent_bias", H);
    call_.grad_peephole = buffers_.dense<Real>(given[4], "grad peephole", 3 * H);
    call_.grad_projection = buffers_.dense<Real>(given[5], "grad projection", R * H);
    call_.grad_norm_ih = buffers_.dense<Real>(given[6], "grad norm_ih", rows);
    call_.grad_norm_hh = buffers_.dense<Real>(given[7], "grad norm_hh", rows);
    call_.grad_norm_cell = buffers_.dense<Real>(given[8], "grad norm_cell", 2 * H);
    call_.grad_second_bias = buffers_.dense<Real>(given[9], "grad second_bias", rows);
  }

  Buffers buffers_;
  ReadingOf read_;
  elman::Backward<Real> call_{};
};

template <typename Real>
void forward(const nb::tuple& given, std::ptrdiff_t threads) {
  ForwardCall<Real> call(given);
  const auto& kernels = current->kernels<Real>();
  run(kernels.forward, kernels.forward_workspace, kernels.forward_threads, call.get(), threads);
}

template <typename Real>
void backward(const nb::tuple& given, std::ptrdiff_t threads) {
  BackwardCall<Real> call(given);
  const auto& kernels = current->kernels<Real>();
  run(kernels.backward, kernels.backward_workspace, kernels.backward_threads, call.get(), threads);
}

// Two independent calls, such as the two directions of a layer, at once where that is faster.
template <typename Real>
void forward_both(const nb::tuple& one, const nb::tuple& other, std::ptrdiff_t threads) {
  ForwardCall<Real> first(one), second(other);
  const auto& kernels = current->kernels<Real>();
  run_both(kernels.forward, kernels.forward_workspace, kernels.forward_threads,
           {&first.get(), &second.get()}, threads);
}

template <typename Real>
void backward_both(const nb::tuple& one, const nb::tuple& other, std::ptrdiff_t threads) {
  BackwardCall<Real> first(one), second(other);
  const auto& kernels = current->kernels<Real>();
  run_both(kernels.backward, kernels.backward_workspace, kernels.backward_threads,
           {&first.get(), &second.get()}, threads);
}

// Memory that goes on to the next call; with the buffer protocol.
class Lent {
 public:
  explicit Lent(std::size_t bytes) : bytes_(bytes), memory_(bytes) {}
  std::uintptr_t address() const { return reinterpret_cast<std::uintptr_t>(memory_.get()); }

  static int buffer(PyObject* self, Py_buffer* view, int flags) {
    const Lent* lent = nb::inst_ptr<Lent>(self);
    const auto size = static_cast<Py_ssize_t>(lent->bytes_);
    return PyBuffer_FillInfo(view, self, lent->memory_.get(), size, 0, flags);
  }

 private:
  std::size_t bytes_;
  elman::python::Memory memory_;
};

template <typename Real>
std::size_t kept_size(nb::tuple recurrence, std::ptrdiff_t batch, std::ptrdiff_t time) {
  Buffers buffers;
  elman::Reading reading{};
  reading.batch = batch;
  reading.time = time;
  const auto what = recurrence_of<Real>(recurrence, batch, buffers);
  return current->kernels<Real>().kept_size(what, reading);
}

template <typename Real>
Lent* keep(nb::tuple recurrence, std::ptrdiff_t batch, std::ptrdiff_t time) {
  return new Lent(kept_size<Real>(recurrence, batch, time) * sizeof(Real));
}

// Each row of `values` [A, V] less its greatest, in place, and e to that; gives the sums, NaN of a
// row whose greatest is not finite.
nb::list weigh(nb::tuple sizes, nb::handle values, nb::handle weights) {
  const auto rows = nb::cast<std::ptrdiff_t>(sizes[0]), count = nb::cast<std::ptrdiff_t>(sizes[1]);
  Buffers buffers;
  auto* from = buffers.dense<double>(values, "values", rows * count);
  auto* to = buffers.dense<double>(weights, "weights", rows * count);
  nb::list sums;
  for (std::ptrdiff_t row = 0; row < rows; ++row) {
    sums.append(current->weigh(from + row * count, count, to + row * count));
  }
  return sums;
}

void powers(std::ptrdiff_t count, nb::handle values, nb::handle weights) {
  Buffers buffers;
  const auto* from = buffers.dense<const double>(values, "values", count);
  current->powers(from, count, buffers.dense<double>(weights, "weights", count));
}

// Of each row of `scores` [A, V] the `most` greatest but for those that are `never` taken, less by
// the row's greatest, with their places: [A, most] each; `sizes`: (A, V, most). Gives for each row
// the sum of all weights, as `weigh`, and how many were found.
template <typename Real>
nb::tuple likeliest(nb::tuple sizes, nb::handle scores, nb::handle never, nb::handle places,
                    nb::handle values) {
  const auto rows = nb::cast<std::ptrdiff_t>(sizes[0]), count = nb::cast<std::ptrdiff_t>(sizes[1]);
  const auto most = nb::cast<std::ptrdiff_t>(sizes[2]), banned = PyObject_Length(never.ptr());
  if (banned < 0) throw nb::python_error();
  Buffers buffers;
  const auto* from = buffers.dense<const Real>(scores, "scores", rows * count);
  const auto* bans = buffers.dense<const std::int64_t>(never, "never", banned);
  auto* where = buffers.dense<std::int64_t>(places, "places", rows * most);
  auto* found = buffers.dense<double>(values, "values", rows * most);
  for (std::ptrdiff_t k = 0; k < banned; ++k) {
    if (bans[k] < 0 || bans[k] >= count) throw nb::value_error("never must lie in 0...V-1");
  }
  std::vector<double> row(static_cast<std::size_t>(count)), weights(row.size());
  nb::list sums, counts;
  for (std::ptrdiff_t k = 0; k < rows; ++k) {
    std::copy_n(from + k * count, count, row.begin());
    sums.append(current->weigh(row.data(), count, weights.data()));
    for (std::ptrdiff_t b = 0; b < banned; ++b) {
      row[static_cast<std::size_t>(bans[b])] = -std::numeric_limits<double>::infinity();
    }
    counts.append(
        elman::python::greatest(row.data(), count, most, where + k * most, found + k * most));
  }
  return nb::make_tuple(sums, counts);
}

template <typename Real>
void define(nb::module_ module) {
  using nb::literals::operator""_a;
  module.def("likeliest", &likeliest<Real>, "sizes"_a, "scores"_a, "never"_a, "places"_a,
             "values"_a);
  module.def("dense", &dense<Real>, "sizes"_a, "inputs"_a, "weight"_a, "bias"_a.none(), "outputs"_a,
             "threads"_a);
  module.def(
      "attention",
      [](nb::tuple sizes, nb::handle queries, nb::tuple memory, nb::handle sources,
         nb::handle energy, nb::handle contexts, nb::handle weights, std::ptrdiff_t threads) {
        elman::python::attention(current->kernels<Real>(), sizes, queries, memory, sources, energy,
                                 contexts, weights, threads);
      },
      "sizes"_a, "queries"_a, "memory"_a, "sources"_a, "energy"_a.none(), "contexts"_a, "weights"_a,
      "threads"_a);
  nb::class_<Layer<Real>>(module, "Layer")
      .def(
          "__init__",
          [](Layer<Real>* self, nb::tuple sizes, nb::handle weight, nb::handle bias) {
            new (self) Layer<Real>(current->kernels<Real>(), sizes, weight, bias);
          },
          "sizes"_a, "weight"_a, "bias"_a.none())
      .def("apply", &Layer<Real>::apply, "rows"_a, "inputs"_a, "outputs"_a, "threads"_a);
  module.def("kept_size", &kept_size<Real>, "recurrence"_a, "batch"_a, "time"_a);
  module.def("keep", &keep<Real>, "recurrence"_a, "batch"_a, "time"_a);
  module.def("forward", &forward<Real>, "call"_a, "threads"_a);
  module.def("backward", &backward<Real>, "call"_a, "threads"_a);
  module.def("forward_both", &forward_both<Real>, "call"_a, "other"_a, "threads"_a);
  module.def("backward_both", &backward_both<Real>, "call"_a, "other"_a, "threads"_a);
  using elman::python::Address;
  module.def("cell_step", [](int cell, std::ptrdiff_t rows, std::ptrdiff_t hidden, Address gates,
                             Address recurrent, Address bias, Address second_bias, Address before,
                             Address seen, Address final_hidden, Address final_cell) {
    elman::python::cell_step(current->kernels<Real>(), cell, rows, hidden, gates, recurrent, bias,
                             second_bias, before, seen, final_hidden, final_cell);
  });
  module.def("cell_step_back",
             [](int cell, std::ptrdiff_t rows, std::ptrdiff_t hidden, Address gates,
                Address recurrent, Address before, Address seen, Address grad_hidden,
                Address grad_cell, Address deltas, Address recurrent_deltas, Address carry) {
               elman::python::cell_step_back(current->kernels<Real>(), cell, rows, hidden, gates,
                                             recurrent, before, seen, grad_hidden, grad_cell,
                                             deltas, recurrent_deltas, carry);
             });
  using elman::Program;
  module.def(
      "tape_forward",
      [](const Program& program, const nb::tuple& call, std::ptrdiff_t threads) {
        elman::python::tape_forward<Real>(current, program, call, threads);
      },
      "program"_a, "call"_a, "threads"_a);
  module.def(
      "tape_backward",
      [](const Program& program, const nb::tuple& call, std::ptrdiff_t threads) {
        elman::python::tape_backward<Real>(current, program, call, threads);
      },
      "program"_a, "call"_a, "threads"_a);
  module.def(
      "tape_kept_size",
      [](const Program& program, std::ptrdiff_t batch, std::ptrdiff_t time) {
        return elman::python::tape_kept_size<Real>(current, program, batch, time);
      },
      "program"_a, "batch"_a, "time"_a);
  nb::class_<Stepper<Real>>(module, "Stepper")
      .def(
          "__init__",
          [](Stepper<Real>* self, nb::tuple recurrence, std::ptrdiff_t batch, nb::tuple arrays) {
            new (self) Stepper<Real>(current->kernels<Real>(), recurrence, batch, arrays);
          },
          "recurrence"_a, "batch"_a, "arrays"_a)
      .def("step", &Stepper<Real>::step, "inputs"_a);
  using elman::python::PreparedTape;
  using elman::python::TapeStepper;
  nb::class_<TapeStepper<Real>>(module, "TapeStepper")
      .def(
          "__init__",
          [](TapeStepper<Real>* self, const Program& program, const PreparedTape& weights,
             std::ptrdiff_t batch, nb::tuple arrays) {
            new (self) TapeStepper<Real>(current, program, weights, batch, arrays);
          },
          "program"_a, "weights"_a, "batch"_a, "arrays"_a, nb::keep_alive<1, 2>(),
          nb::keep_alive<1, 3>())
      .def("step", &TapeStepper<Real>::step, "inputs"_a);
  nb::class_<Line<Real>>(module, "Line")
      .def(
          "__init__",
          [](Line<Real>* self, std::ptrdiff_t batch, std::ptrdiff_t features, nb::object embedding,
             nb::tuple stages, nb::object outputs) {
            new (self)
                Line<Real>(current->kernels<Real>(), batch, features, embedding, stages, outputs);
          },
          "batch"_a, "features"_a, "embedding"_a.none(), "stages"_a, "outputs"_a)
      .def("step", &Line<Real>::step, "inputs"_a)
      .def(
          "write",
          [](Line<Real>& self, nb::tuple sizes, nb::handle ids, nb::handle uniforms,
             double temperature, nb::handle never, std::int64_t eos, nb::handle tokens,
             nb::handle log_probabilities) {
            return self.write(*current, sizes, ids, uniforms, temperature, never, eos, tokens,
                              log_probabilities);
          },
          "sizes"_a, "ids"_a, "uniforms"_a, "temperature"_a, "never"_a, "eos"_a, "tokens"_a,
          "log_probabilities"_a);
}

nb::tuple available_isas() {
  nb::list names;
  for (std::size_t k = 0; const elman::Isa* isa = elman::available_isa(k); ++k) {
    names.append(isa->name);
  }
  return nb::tuple(names);
}

void use_isa(const std::string& name) {
  for (std::size_t k = 0; const elman::Isa* isa = elman::available_isa(k); ++k) {
    if (name == isa->name) {
      current = isa;
      return;
    }
  }
  throw nb::value_error("this machine has no such instruction set");
}

// The addresses of the functions of `OpenMP`, or None. The struct is never given back: a call on
// another thread may still read it.
void use_openmp(const std::optional<std::array<std::uintptr_t, 5>>& addresses) {
  if (!addresses) return elman::use_openmp(nullptr);
  const auto& [parallel, num_threads, in_parallel, dynamic, thread_limit] = *addresses;
  const auto asks = [](std::uintptr_t address) { return reinterpret_cast<int (*)()>(address); };
  elman::use_openmp(new elman::OpenMP{reinterpret_cast<decltype(elman::OpenMP::parallel)>(parallel),
                                      asks(num_threads), asks(in_parallel), asks(dynamic),
                                      asks(thread_limit)});
}

}  // namespace

NB_MODULE(_native, module) {
  nb::set_leak_warnings(false);  // what lives on at exit (a traceback may hold it) is no fault
  for (std::size_t k = 0; const elman::Isa* isa = elman::available_isa(k); ++k) current = isa;
  module.def("isa", [] { return current->name; });
  module.def("available_isas", &available_isas);
  module.def("use_isa", &use_isa, nb::arg("name"));
  module.def("weigh", &weigh, nb::arg("sizes"), nb::arg("values"), nb::arg("weights"));
  module.def("powers", &powers, nb::arg("count"), nb::arg("values"), nb::arg("weights"));
  module.def("use_openmp", &use_openmp, nb::arg("addresses").none());
  nb::class_<Prepared>(module, "Prepared")
      .def(nb::init<nb::tuple, bool, std::ptrdiff_t, nb::handle>(), nb::arg("recurrence"),
           nb::arg("twice"), nb::arg("vocabulary"), nb::arg("embedding").none())
      .def("answer", &Prepared::answer)
      .def_prop_ro("vocabulary", &Prepared::vocabulary);
  using elman::Program;
  using elman::python::PreparedTape;
  nb::class_<Program>(module, "TapeProgram")
      .def(
          "__init__",
          [](Program* self, const nb::tuple& program) {
            new (self) Program(elman::python::fields_of(program));
          },
          nb::arg("program"));
  nb::class_<PreparedTape>(module, "PreparedTape")
      .def(
          "__init__",
          [](PreparedTape* self, const Program& program, bool twice, const nb::tuple& weights) {
            new (self) PreparedTape(current, program, twice, weights);
          },
          nb::arg("program"), nb::arg("twice"), nb::arg("weights"), nb::keep_alive<1, 2>());
  static PyType_Slot slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(&Lent::buffer)},
                                {0, nullptr}};
  nb::class_<Lent>(module, "Memory", nb::type_slots(slots))
      .def(nb::init<std::size_t>(), nb::arg("bytes"))
      .def_prop_ro("address", &Lent::address);
  define<float>(module.def_submodule("float32"));
  define<double>(module.def_submodule("float64"));
}
