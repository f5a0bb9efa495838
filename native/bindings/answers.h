// What only answers: a dense layer that is packed once, and attention.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "bindings/arrays.h"
#include "bindings/memory.h"
#include "bindings/running.h"
#include "elman/contract.h"
#include "elman/isa.h"

namespace elman::python {

// A dense layer whose weight and bias are packed once: copied, so the arrays may go or change.
template <typename Real>
class Layer {
 public:
  Layer(const Kernels<Real>& kernels, nb::tuple sizes, nb::handle weight, nb::handle bias)
      : kernels_(kernels) {
    Buffers buffers;
    Dense<Real> call{};
    call.depth = depth_ = nb::cast<std::ptrdiff_t>(sizes[0]);
    call.columns = columns_ = nb::cast<std::ptrdiff_t>(sizes[1]);
    call.weight = buffers.dense<const Real>(weight, "weight", columns_ * depth_);
    call.bias = buffers.dense<const Real>(bias, "bias", columns_);
    if (call.weight == nullptr) throw nb::value_error("a layer needs a weight");
    packed_ = std::make_unique<Memory>(kernels_.prepared_dense_bytes(call));
    kernels_.prepare_dense(call, packed_->get());
  }
  void apply(std::ptrdiff_t rows, nb::handle inputs, nb::handle outputs,
             std::ptrdiff_t threads) const {
    Buffers buffers;
    Dense<Real> call{};
    call.rows = rows;
    call.depth = depth_;
    call.columns = columns_;
    call.inputs = buffers.dense<const Real>(inputs, "inputs", rows * depth_);
    call.outputs = buffers.dense<Real>(outputs, "outputs", rows * columns_);
    if (call.inputs == nullptr || call.outputs == nullptr) throw nb::value_error("no arrays");
    call.prepared = packed_->get();
    run(kernels_.dense, kernels_.dense_workspace, kernels_.dense_threads, call, threads);
  }

 private:
  const Kernels<Real>& kernels_;
  std::ptrdiff_t depth_, columns_;
  std::unique_ptr<Memory> packed_;
};

// `sizes`: (Q, N, S, K, M).
template <typename Real>
void attention(const Kernels<Real>& kernels, nb::tuple sizes, nb::handle queries, nb::tuple memory,
               nb::handle sources, nb::handle energy, nb::handle contexts, nb::handle weights,
               std::ptrdiff_t threads) {
  Buffers buffers;
  Attention<Real> call{};
  call.count = nb::cast<std::ptrdiff_t>(sizes[0]);
  const auto held = nb::cast<std::ptrdiff_t>(sizes[1]);
  call.steps = nb::cast<std::ptrdiff_t>(sizes[2]);
  call.depth = nb::cast<std::ptrdiff_t>(sizes[3]);
  call.features = nb::cast<std::ptrdiff_t>(sizes[4]);
  call.queries = buffers.dense<const Real>(queries, "queries", call.count * call.depth);
  call.keys = buffers.dense<const Real>(memory[0], "keys", held * call.steps * call.depth);
  call.values = buffers.dense<const Real>(memory[1], "values", held * call.steps * call.features);
  call.lengths = buffers.dense<const std::int64_t>(memory[2], "lengths", held);
  call.sources = buffers.dense<const std::int64_t>(sources, "sources", call.count);
  call.energy = buffers.dense<const Real>(energy, "energy", call.depth);
  call.contexts = buffers.dense<Real>(contexts, "contexts", call.count * call.features);
  call.weights = buffers.dense<Real>(weights, "weights", call.count * call.steps);
  if (call.queries == nullptr || call.keys == nullptr || call.values == nullptr ||
      call.lengths == nullptr || call.sources == nullptr || call.contexts == nullptr ||
      call.weights == nullptr) {
    throw nb::value_error("an array that the call needs is None");
  }
  for (std::ptrdiff_t n = 0; n < held; ++n) {
    if (call.lengths[n] < 0 || call.lengths[n] > call.steps) {
      throw nb::value_error("lengths must lie in 0...S");
    }
  }
  for (std::ptrdiff_t q = 0; q < call.count; ++q) {
    if (call.sources[q] < 0 || call.sources[q] >= held) {
      throw nb::value_error("sources must lie in 0...N-1");
    }
  }
  run(kernels.attention, kernels.attention_workspace, kernels.attention_threads, call, threads);
}

}  // namespace elman::python
