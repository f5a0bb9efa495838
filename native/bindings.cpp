// The module elman._native: checks the arrays, releases the GIL, calls the kernels.
//
// The checks here keep memory safe whoever calls; elman.kernels.native checks before, with
// messages for people.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <chrono>
#include <cstdint>
#include <new>
#include <optional>
#include <string>

#include "elman/contract.h"
#include "elman/isa.h"

namespace nb = nanobind;

namespace {

template <typename T, int rank>
using Array = nb::ndarray<T, nb::ndim<rank>, nb::c_contig, nb::device::cpu>;
template <typename T, int rank>
using MaybeArray = std::optional<Array<T, rank>>;

const elman::Isa* current = nullptr;  // set when the module is loaded, changed by use_isa

template <typename A, typename... Sizes>
void expect(const A& array, const char* name, Sizes... sizes) {
  std::size_t axis = 0;
  if (!((array.shape(axis++) == static_cast<std::size_t>(sizes)) && ...)) {
    throw nb::value_error((std::string(name) + " does not fit the other arrays").c_str());
  }
}

template <typename A>
auto pointer(const std::optional<A>& array) -> decltype(array->data()) {
  return array ? array->data() : nullptr;
}

// 64-byte aligned scratch memory for one call.
class Workspace {
 public:
  explicit Workspace(std::size_t bytes) : memory_(::operator new(bytes, alignment)) {}
  ~Workspace() { ::operator delete(memory_, alignment); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  void* get() const { return memory_; }

 private:
  static constexpr std::align_val_t alignment{64};
  void* memory_;
};

// Lets Ctrl-C end a long call: every 50 ms Python may run its signal handlers.
class Interruption {
 public:
  elman::Stop stop() { return {&ask, this}; }

 private:
  using Clock = std::chrono::steady_clock;

  static bool ask(void* context) {
    auto& self = *static_cast<Interruption*>(context);
    const auto now = Clock::now();
    if (now < self.next_) return false;
    self.next_ = now + std::chrono::milliseconds(50);
    nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
  }

  Clock::time_point next_ = Clock::now() + std::chrono::milliseconds(50);
};

// Runs a kernel without the GIL; a handler's exception (KeyboardInterrupt) goes on from here.
template <typename Call>
void run(bool (*kernel)(const Call&), Call call, std::size_t workspace_bytes) {
  const Workspace workspace(workspace_bytes);
  Interruption interruption;
  call.workspace = workspace.get();
  call.stop = interruption.stop();
  bool done = false;
  {
    nb::gil_scoped_release release;
    done = kernel(call);
  }
  if (!done) throw nb::python_error();
}

template <typename Real>
void dense(Array<const Real, 2> inputs, Array<const Real, 2> weight, MaybeArray<const Real, 1> bias,
           Array<Real, 2> outputs) {
  elman::Dense<Real> call{};
  call.rows = static_cast<std::ptrdiff_t>(inputs.shape(0));
  call.depth = static_cast<std::ptrdiff_t>(inputs.shape(1));
  call.columns = static_cast<std::ptrdiff_t>(weight.shape(0));
  expect(weight, "weight", call.columns, call.depth);
  if (bias) expect(*bias, "bias", call.columns);
  expect(outputs, "outputs", call.rows, call.columns);
  call.inputs = inputs.data();
  call.weight = weight.data();
  call.bias = pointer(bias);
  call.outputs = outputs.data();
  const auto& kernels = current->kernels<Real>();
  run(kernels.dense, call, kernels.dense_workspace(call));
}

template <typename Sequence>
elman::Reading read(const Sequence& sequence, const MaybeArray<const std::int64_t, 1>& lengths,
                    const MaybeArray<const bool, 2>& resets, bool reverse) {
  elman::Reading reading{};
  reading.batch = static_cast<std::ptrdiff_t>(sequence.shape(0));
  reading.time = static_cast<std::ptrdiff_t>(sequence.shape(1));
  reading.hidden = static_cast<std::ptrdiff_t>(sequence.shape(2));
  reading.lengths = pointer(lengths);
  reading.resets = pointer(resets);
  reading.reverse = reverse;
  if (lengths) {
    expect(*lengths, "lengths", reading.batch);
    for (std::ptrdiff_t b = 0; b < reading.batch; ++b) {
      if (reading.lengths[b] < 0 || reading.lengths[b] > reading.time) {
        throw nb::value_error("lengths must lie in 0...T");
      }
    }
  }
  if (resets) expect(*resets, "resets", reading.batch, reading.time);
  return reading;
}

elman::Activation activation_of(bool relu) {
  return relu ? elman::Activation::relu : elman::Activation::tanh;
}

template <typename Real>
void simple_forward(Array<const Real, 3> projected, Array<const Real, 2> weight_hh,
                    Array<const Real, 2> initial, MaybeArray<const std::int64_t, 1> lengths,
                    MaybeArray<const bool, 2> resets, bool reverse, bool relu,
                    Array<Real, 3> outputs, Array<Real, 2> final_state) {
  elman::SimpleForward<Real> call{};
  call.reading = read(projected, lengths, resets, reverse);
  const auto [batch, time, hidden, _lengths, _resets, _reverse] = call.reading;
  expect(weight_hh, "weight_hh", hidden, hidden);
  expect(initial, "initial", batch, hidden);
  expect(outputs, "outputs", batch, time, hidden);
  expect(final_state, "final_state", batch, hidden);
  call.activation = activation_of(relu);
  call.projected = projected.data();
  call.weight_hh = weight_hh.data();
  call.initial = initial.data();
  call.outputs = outputs.data();
  call.final_state = final_state.data();
  const auto& kernels = current->kernels<Real>();
  run(kernels.simple_forward, call, kernels.simple_workspace(call.reading));
}

template <typename Real>
void simple_backward(Array<const Real, 3> outputs, Array<const Real, 2> weight_hh,
                     Array<const Real, 2> initial, MaybeArray<const std::int64_t, 1> lengths,
                     MaybeArray<const bool, 2> resets, bool reverse, bool relu,
                     Array<const Real, 3> grad_outputs, Array<const Real, 2> grad_final,
                     Array<Real, 3> grad_projected, Array<Real, 2> grad_initial,
                     Array<Real, 3> previous) {
  elman::SimpleBackward<Real> call{};
  call.reading = read(outputs, lengths, resets, reverse);
  const auto [batch, time, hidden, _lengths, _resets, _reverse] = call.reading;
  expect(weight_hh, "weight_hh", hidden, hidden);
  expect(initial, "initial", batch, hidden);
  expect(grad_outputs, "grad_outputs", batch, time, hidden);
  expect(grad_final, "grad_final", batch, hidden);
  expect(grad_projected, "grad_projected", batch, time, hidden);
  expect(grad_initial, "grad_initial", batch, hidden);
  expect(previous, "previous", batch, time, hidden);
  call.activation = activation_of(relu);
  call.outputs = outputs.data();
  call.weight_hh = weight_hh.data();
  call.initial = initial.data();
  call.grad_outputs = grad_outputs.data();
  call.grad_final = grad_final.data();
  call.grad_projected = grad_projected.data();
  call.grad_initial = grad_initial.data();
  call.previous = previous.data();
  const auto& kernels = current->kernels<Real>();
  run(kernels.simple_backward, call, kernels.simple_workspace(call.reading));
}

template <typename Real>
void define(nb::module_& module) {
  using nb::literals::operator""_a;
  module.def("dense", &dense<Real>, "inputs"_a.noconvert(), "weight"_a.noconvert(),
             "bias"_a.noconvert().none(), "outputs"_a.noconvert());
  module.def("simple_forward", &simple_forward<Real>, "projected"_a.noconvert(),
             "weight_hh"_a.noconvert(), "initial"_a.noconvert(), "lengths"_a.noconvert().none(),
             "resets"_a.noconvert().none(), "reverse"_a, "relu"_a, "outputs"_a.noconvert(),
             "final_state"_a.noconvert());
  module.def("simple_backward", &simple_backward<Real>, "outputs"_a.noconvert(),
             "weight_hh"_a.noconvert(), "initial"_a.noconvert(), "lengths"_a.noconvert().none(),
             "resets"_a.noconvert().none(), "reverse"_a, "relu"_a, "grad_outputs"_a.noconvert(),
             "grad_final"_a.noconvert(), "grad_projected"_a.noconvert(),
             "grad_initial"_a.noconvert(), "previous"_a.noconvert());
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
  for (std::size_t k = 0; const elman::Isa* isa = elman::available_isa(k); ++k) current = isa;
  module.def("isa", [] { return current->name; });
  module.def("available_isas", &available_isas);
  module.def("use_isa", &use_isa, nb::arg("name"));
  define<float>(module);
  define<double>(module);
}
