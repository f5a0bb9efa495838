// Tapes from Python: programs, their calls, their packed weights.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/calls.h"
#include "bindings/memory.h"
#include "bindings/running.h"
#include "elman/isa.h"
#include "elman/program.h"
#include "elman/tape.h"

namespace elman::python {

// A program from what `fields` in elman/kernels/tapes/planning.py gives.
inline ProgramFields fields_of(const nb::tuple& given) {
  if (given.size() != ProgramFields::count) throw nb::value_error("a program has other parts");
  ProgramFields found;
  for (std::size_t k = 0; k < ProgramFields::count; ++k) {
    const std::size_t width = ProgramFields::widths[k];
    if (k < 4) {
      found.rows[k].push_back(nb::cast<std::int64_t>(given[k]));
      continue;
    }
    for (const nb::handle row : nb::cast<nb::sequence>(given[k])) {
      if (width == 0) {
        found.reals[k].push_back(nb::cast<double>(row));
        continue;
      }
      const auto numbers = nb::cast<nb::tuple>(row);
      if (numbers.size() != width) {
        throw nb::value_error("a row of a program has another length");
      }
      for (const nb::handle number : numbers) {
        found.rows[k].push_back(nb::cast<std::int64_t>(number));
      }
    }
  }
  return found;
}

// The weights of a program, packed once: copied, so the arrays may go or change.
class PreparedTape {
 public:
  PreparedTape(const Isa* isa, const Program& program, bool twice, const nb::tuple& weights)
      : isa_(isa), program_(&program), twice_(twice) {
    twice ? pack<double>(weights) : pack<float>(weights);
  }
  template <typename Real>
  const void* get(const Isa* isa, const Program& program) const {
    if (isa != isa_ || &program != program_ || twice_ != (sizeof(Real) == sizeof(double))) {
      throw nb::value_error("these weights were packed for another program, level or dtype");
    }
    return memory_->get();
  }

 private:
  template <typename Real>
  void pack(const nb::tuple& weights);

  const Isa* isa_;
  const Program* program_;
  bool twice_;
  std::unique_ptr<Memory> memory_;
};

// Arrays of a tuple, as many and as large as they must be.
template <typename T>
std::vector<T*> arrays_of(nb::handle given, const Span<std::int64_t>& sizes, std::ptrdiff_t rows,
                          const char* name, bool none, Buffers& buffers) {
  const auto tuple = nb::cast<nb::tuple>(given);
  if (static_cast<std::ptrdiff_t>(tuple.size()) != sizes.count) {
    throw nb::value_error("another number of arrays than the program has");
  }
  std::vector<T*> found;
  for (std::ptrdiff_t k = 0; k < sizes.count; ++k) {
    found.push_back(buffers.dense<T>(tuple[static_cast<std::size_t>(k)], name, rows * sizes[k]));
    if (found.back() == nullptr && !none) throw nb::value_error("an array is None");
  }
  return found;
}

template <typename Real>
void PreparedTape::pack(const nb::tuple& weights) {
  Buffers buffers;
  const TapeProgram& program = program_->get();
  const auto arrays =
      arrays_of<const Real>(weights, program.weight_sizes, 1, "a weight", false, buffers);
  const auto& kernels = isa_->kernels<Real>();
  const Memory index(kernels.tape_index_bytes(program));
  memory_ = std::make_unique<Memory>(kernels.tape_prepared_bytes(program));
  kernels.tape_prepare(program, arrays.data(), index.get(), memory_->get());
}

// (reading, inputs, weights, states, keys, steps, outputs, finals, kept, prepared)
template <typename Real>
void tape_forward(const Isa* isa, const Program& of, const nb::tuple& given,
                  std::ptrdiff_t threads) {
  if (given.size() != 10) throw nb::value_error("another number of values than the call takes");
  Buffers buffers;
  const TapeProgram& program = of.get();
  if (program.result < 0) throw nb::value_error("the program puts nothing out");
  const ReadingOf read(nb::cast<nb::tuple>(given[0]), buffers);
  TapeForward<Real> call{};
  call.program = &program;
  call.reading = read.get();
  const std::ptrdiff_t batch = call.reading.batch, time = call.reading.time;
  call.inputs = buffers.sequence<const Real>(given[1], "inputs", batch, time, program.inputs);
  const auto weights =
      arrays_of<const Real>(given[2], program.weight_sizes, 1, "a weight", false, buffers);
  const auto states =
      arrays_of<const Real>(given[3], program.state_sizes, batch, "a state", true, buffers);
  call.keys = buffers.dense<const std::int64_t>(given[4], "keys", batch);
  call.steps = buffers.dense<const std::int64_t>(given[5], "steps", batch);
  call.outputs = buffers.sequence<Real>(given[6], "outputs", batch, time, program.outputs);
  const auto finals =
      arrays_of<Real>(given[7], program.state_sizes, batch, "a final state", false, buffers);
  const auto& kernels = isa->kernels<Real>();
  const auto kept = static_cast<std::ptrdiff_t>(kernels.tape_kept_size(program, call.reading));
  call.kept = buffers.dense<Real>(given[8], "kept", kept);
  call.weights = weights.data();
  call.states = states.data();
  call.finals = finals.data();
  if (!given[9].is_none()) {
    call.prepared = nb::cast<const PreparedTape&>(given[9]).get<Real>(isa, of);
  }
  if (call.inputs.data == nullptr || call.outputs.data == nullptr) {
    throw nb::value_error("an array that the call needs is None");
  }
  run(kernels.tape_forward, kernels.tape_forward_workspace, kernels.tape_forward_threads, call,
      threads);
}

// (reading, inputs, weights, steps, kept, grad_outputs, grad_finals, grad_inputs, grad_states,
//  grad_weights)
template <typename Real>
void tape_backward(const Isa* isa, const Program& of, const nb::tuple& given,
                   std::ptrdiff_t threads) {
  if (given.size() != 10) throw nb::value_error("another number of values than the call takes");
  Buffers buffers;
  const TapeProgram& program = of.get();
  const ReadingOf read(nb::cast<nb::tuple>(given[0]), buffers);
  TapeBackward<Real> call{};
  call.program = &program;
  call.reading = read.get();
  const std::ptrdiff_t batch = call.reading.batch, time = call.reading.time;
  call.inputs = buffers.sequence<const Real>(given[1], "inputs", batch, time, program.inputs);
  const auto weights =
      arrays_of<const Real>(given[2], program.weight_sizes, 1, "a weight", false, buffers);
  call.steps = buffers.dense<const std::int64_t>(given[3], "steps", batch);
  const auto& kernels = isa->kernels<Real>();
  const auto kept = static_cast<std::ptrdiff_t>(kernels.tape_kept_size(program, call.reading));
  call.kept = buffers.dense<const Real>(given[4], "kept", kept);
  call.grad_outputs =
      buffers.sequence<const Real>(given[5], "grad_outputs", batch, time, program.outputs);
  const auto grad_finals =
      arrays_of<const Real>(given[6], program.state_sizes, batch, "a gradient", true, buffers);
  call.grad_inputs = buffers.sequence<Real>(given[7], "grad_inputs", batch, time, program.inputs);
  const auto grad_states =
      arrays_of<Real>(given[8], program.state_sizes, batch, "a gradient", true, buffers);
  const auto grad_weights =
      arrays_of<Real>(given[9], program.weight_sizes, 1, "a gradient", false, buffers);
  call.weights = weights.data();
  call.grad_finals = grad_finals.data();
  call.grad_states = grad_states.data();
  call.grad_weights = grad_weights.data();
  if (call.inputs.data == nullptr || call.kept == nullptr) {
    throw nb::value_error("an array that the call needs is None");
  }
  // The first entry of what was kept: how many parts the rows were divided into.
  const bool sound = call.kept[0] >= 1 && call.kept[0] <= 65536;
  if (!sound) throw nb::value_error("what was kept was changed");
  run(kernels.tape_backward, kernels.tape_backward_workspace, kernels.tape_backward_threads, call,
      threads);
}

template <typename Real>
std::size_t tape_kept_size(const Isa* isa, const Program& of, std::ptrdiff_t batch,
                           std::ptrdiff_t time) {
  Reading reading{};
  reading.batch = batch;
  reading.time = time;
  return isa->kernels<Real>().tape_kept_size(of.get(), reading);
}

}  // namespace elman::python
