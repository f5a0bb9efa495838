// The module elman._native: takes the arrays, releases the GIL, calls the kernels.
//
// The checks here keep memory safe; elman.kernels.native checks before, with messages for people.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <memory>
#include <string>

#include "bindings/arrays.h"
#include "bindings/calls.h"
#include "bindings/running.h"
#include "elman/contract.h"
#include "elman/isa.h"
#include "elman/parallel.h"

namespace nb = nanobind;

namespace {

using elman::python::Buffers;
using elman::python::ReadingOf;
using elman::python::recurrence_of;
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
  elman::python::run(kernels.dense, kernels.dense_workspace, kernels.dense_threads, call, threads);
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

 private:
  template <typename Real>
  void pack(nb::tuple recurrence, nb::handle embedding) {
    using elman::python::Memory;
    Buffers buffers;
    const auto what = recurrence_of<Real>(recurrence, 0, buffers);
    const auto& kernels = current->kernels<Real>();
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
  elman::Cell cell_{};
  std::size_t bytes_ = 0;
  std::unique_ptr<elman::python::Memory> weights_, table_;
};

template <typename Real>
void forward(nb::tuple recurrence, nb::tuple reading, nb::handle inputs, nb::handle tokens,
             nb::handle hidden, nb::handle cell, nb::handle outputs, nb::handle final_hidden,
             nb::handle final_cell, nb::handle kept, nb::handle prepared, std::ptrdiff_t threads) {
  if (inputs.is_none() == tokens.is_none()) throw nb::value_error("give inputs or tokens");
  Buffers buffers;
  const ReadingOf read(reading, buffers);
  const auto [batch, time, _lengths, _order, _resets, _reverse] = read.get();
  elman::Forward<Real> call{};
  call.reading = read.get();
  call.recurrence = recurrence_of<Real>(recurrence, batch, buffers);
  const std::ptrdiff_t I = call.recurrence.inputs, H = call.recurrence.hidden;
  const std::ptrdiff_t R = call.recurrence.recurrent;
  const auto& kernels = current->kernels<Real>();
  call.inputs = buffers.sequence<const Real>(inputs, "inputs", batch, time, I);
  call.tokens = tokens_of<Real>(tokens, call.reading, I, buffers);
  call.hidden = buffers.dense<const Real>(hidden, "hidden", batch * R);
  call.cell = buffers.dense<const Real>(cell, "cell", batch * H);
  call.outputs = buffers.sequence<Real>(outputs, "outputs", batch, time, R);
  call.final_hidden = buffers.dense<Real>(final_hidden, "final_hidden", batch * R);
  call.final_cell = buffers.dense<Real>(final_cell, "final_cell", batch * H);
  const auto size = static_cast<std::ptrdiff_t>(kernels.kept_size(call.recurrence, call.reading));
  call.kept = buffers.dense<Real>(kept, "kept", size);
  if (!prepared.is_none()) nb::cast<const Prepared&>(prepared).use(call);
  elman::python::run(kernels.forward, kernels.forward_workspace, kernels.forward_threads, call,
                     threads);
}

template <typename Real>
void backward(nb::tuple recurrence, nb::tuple reading, nb::handle inputs, nb::handle hidden,
              nb::handle cell, nb::handle outputs, nb::handle kept, nb::handle grad_outputs,
              nb::handle grad_final_hidden, nb::handle grad_final_cell, nb::handle grad_inputs,
              nb::handle grad_hidden, nb::handle grad_cell, nb::tuple grad_weights,
              std::ptrdiff_t threads) {
  Buffers buffers;
  const ReadingOf read(reading, buffers);
  const auto [batch, time, _lengths, _order, _resets, _reverse] = read.get();
  elman::Backward<Real> call{};
  call.reading = read.get();
  call.recurrence = recurrence_of<Real>(recurrence, batch, buffers);
  const std::ptrdiff_t I = call.recurrence.inputs, H = call.recurrence.hidden;
  const std::ptrdiff_t R = call.recurrence.recurrent;
  const auto& kernels = current->kernels<Real>();
  const std::ptrdiff_t rows = elman::gates_of(call.recurrence.cell) * H;
  call.inputs = buffers.sequence<const Real>(inputs, "inputs", batch, time, I);
  call.hidden = buffers.dense<const Real>(hidden, "hidden", batch * R);
  call.cell = buffers.dense<const Real>(cell, "cell", batch * H);
  call.outputs = buffers.sequence<const Real>(outputs, "outputs", batch, time, R);
  const auto size = static_cast<std::ptrdiff_t>(kernels.kept_size(call.recurrence, call.reading));
  call.kept = buffers.dense<const Real>(kept, "kept", size);
  call.grad_outputs = buffers.sequence<const Real>(grad_outputs, "grad_outputs", batch, time, R);
  call.grad_final_hidden =
      buffers.dense<const Real>(grad_final_hidden, "grad_final_hidden", batch * R);
  call.grad_final_cell = buffers.dense<const Real>(grad_final_cell, "grad_final_cell", batch * H);
  call.grad_inputs = buffers.sequence<Real>(grad_inputs, "grad_inputs", batch, time, I);
  call.grad_hidden = buffers.dense<Real>(grad_hidden, "grad_hidden", batch * R);
  call.grad_cell = buffers.dense<Real>(grad_cell, "grad_cell", batch * H);
  call.grad_weight_ih = buffers.dense<Real>(grad_weights[0], "grad weight_ih", rows * I);
  call.grad_weight_hh = buffers.dense<Real>(grad_weights[1], "grad weight_hh", rows * R);
  call.grad_bias = buffers.dense<Real>(grad_weights[2], "grad bias", rows);
  call.grad_recurrent_bias = buffers.dense<Real>(grad_weights[3], "grad recurrent_bias", H);
  call.grad_peephole = buffers.dense<Real>(grad_weights[4], "grad peephole", 3 * H);
  call.grad_projection = buffers.dense<Real>(grad_weights[5], "grad projection", R * H);
  call.grad_norm_ih = buffers.dense<Real>(grad_weights[6], "grad norm_ih", rows);
  call.grad_norm_hh = buffers.dense<Real>(grad_weights[7], "grad norm_hh", rows);
  call.grad_norm_cell = buffers.dense<Real>(grad_weights[8], "grad norm_cell", 2 * H);
  elman::python::run(kernels.backward, kernels.backward_workspace, kernels.backward_threads, call,
                     threads);
}

// What a forward pass keeps for the way back, in memory that goes on to the next one.
class Kept {
 public:
  explicit Kept(std::size_t bytes) : memory_(bytes) {}
  std::uintptr_t address() const { return reinterpret_cast<std::uintptr_t>(memory_.get()); }

 private:
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
Kept* keep(nb::tuple recurrence, std::ptrdiff_t batch, std::ptrdiff_t time) {
  return new Kept(kept_size<Real>(recurrence, batch, time) * sizeof(Real));
}

// One recurrence that is run step by step: owns its packed weights and scratch memory, so a step
// allocates nothing. State and outputs are the caller's arrays, held for its whole life.
template <typename Real>
class Stepper {
 public:
  // `arrays`: (hidden [B, R], cell [B, H] or None, outputs [B, R]), all written to at each step.
  Stepper(nb::tuple recurrence, std::ptrdiff_t batch, nb::tuple arrays)
      : held_(arrays), outputs_(arrays[2]), kernels_(current->kernels<Real>()) {
    {
      Buffers borrowed;
      const auto what = recurrence_of<Real>(recurrence, 0, borrowed);
      prepared_ = std::make_unique<elman::python::Memory>(kernels_.prepared_bytes(what));
      kernels_.prepare(what, prepared_->get());
      call_.recurrence = what;
    }
    elman::Recurrence<Real>& what = call_.recurrence;
    call_.reading.batch = batch;
    call_.reading.time = 1;
    size_ = batch * what.inputs;
    Real* hidden = buffers_.dense<Real>(arrays[0], "hidden", batch * what.recurrent);
    Real* cell = buffers_.dense<Real>(arrays[1], "cell", batch * what.hidden);
    Real* outputs = buffers_.dense<Real>(arrays[2], "outputs", batch * what.recurrent);
    call_.inputs = {nullptr, what.inputs, what.inputs};
    call_.hidden = call_.final_hidden = hidden;
    call_.cell = call_.final_cell = cell;
    call_.outputs = {outputs, what.recurrent, what.recurrent};
    call_.prepared = prepared_->get();
    call_.threads = &caller_;
    workspace_ = std::make_unique<elman::python::Memory>(kernels_.forward_workspace(call_));
    call_.workspace = workspace_->get();
  }

  nb::object step(nb::handle inputs) {
    if (PyLong_Check(inputs.ptr())) throw nb::type_error("inputs must be an array");
    Buffers buffers;
    call_.inputs.data = buffers.dense<const Real>(inputs, "inputs", size_);
    kernels_.forward(call_);
    return outputs_;
  }

 private:
  nb::tuple held_;
  nb::object outputs_;
  Buffers buffers_;
  const elman::Kernels<Real>& kernels_;
  elman::Threads caller_{1};
  elman::Forward<Real> call_{};
  std::ptrdiff_t size_ = 0;
  std::unique_ptr<elman::python::Memory> prepared_, workspace_;
};

template <typename Real>
void define(nb::module_ module) {
  using nb::literals::operator""_a;
  module.def("dense", &dense<Real>, "sizes"_a, "inputs"_a, "weight"_a, "bias"_a.none(), "outputs"_a,
             "threads"_a);
  module.def("kept_size", &kept_size<Real>, "recurrence"_a, "batch"_a, "time"_a);
  module.def("keep", &keep<Real>, "recurrence"_a, "batch"_a, "time"_a);
  module.def("forward", &forward<Real>, "recurrence"_a, "reading"_a, "inputs"_a.none(),
             "tokens"_a.none(), "hidden"_a.none(), "cell"_a.none(), "outputs"_a, "final_hidden"_a,
             "final_cell"_a.none(), "kept"_a.none(), "prepared"_a.none(), "threads"_a);
  module.def("backward", &backward<Real>, "recurrence"_a, "reading"_a, "inputs"_a,
             "hidden"_a.none(), "cell"_a.none(), "outputs"_a, "kept"_a, "grad_outputs"_a.none(),
             "grad_final_hidden"_a.none(), "grad_final_cell"_a.none(), "grad_inputs"_a.none(),
             "grad_hidden"_a, "grad_cell"_a.none(), "grad_weights"_a, "threads"_a);
  nb::class_<Stepper<Real>>(module, "Stepper")
      .def(nb::init<nb::tuple, std::ptrdiff_t, nb::tuple>(), "recurrence"_a, "batch"_a, "arrays"_a)
      .def("step", &Stepper<Real>::step, "inputs"_a);
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

}  // namespace

NB_MODULE(_native, module) {
  nb::set_leak_warnings(false);  // what lives on at exit (a traceback may hold it) is no fault
  for (std::size_t k = 0; const elman::Isa* isa = elman::available_isa(k); ++k) current = isa;
  module.def("isa", [] { return current->name; });
  module.def("available_isas", &available_isas);
  module.def("use_isa", &use_isa, nb::arg("name"));
  nb::class_<Prepared>(module, "Prepared")
      .def(nb::init<nb::tuple, bool, std::ptrdiff_t, nb::handle>(), nb::arg("recurrence"),
           nb::arg("twice"), nb::arg("vocabulary"), nb::arg("embedding").none())
      .def_prop_ro("vocabulary", &Prepared::vocabulary);
  nb::class_<Kept>(module, "Kept").def_prop_ro("address", &Kept::address);
  define<float>(module.def_submodule("float32"));
  define<double>(module.def_submodule("float64"));
}
