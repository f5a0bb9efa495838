// What the compiled kernels compute, and what they ask of every pointer.
//
// Letters as in elman/kernels/contract.py: B batch, T time, I input size, H hidden size.
// All arrays are dense and row-major. No output may overlap any other array of the same call;
// inputs may overlap each other. Nothing here is owned, and nothing is allocated: `workspace` is
// scratch memory of the caller, 64-byte aligned, of the size that the matching *_workspace function
// of the same instruction set gives.
//
// Every call returns true when it is done, false when `stop` asked it to end early (the outputs
// are then unspecified). Sizes may be zero. The caller has checked all sizes and lengths.
//
// The order in which a row's sums are taken depends on I and H only: not on B, T, the other rows,
// or where a sequence was cut. So a row gives the same bits alone and in any batch.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elman {

// Asked between two steps, outside of any changed floating-point mode. May be slow only rarely.
struct Stop {
  bool (*ask)(void* context) = nullptr;  // null: never stop
  void* context = nullptr;

  bool operator()() const { return ask != nullptr && ask(context); }
};

// outputs = inputs · weightᵀ + bias
template <typename Real>
struct Dense {
  std::ptrdiff_t rows, depth, columns;
  const Real* inputs;  // [rows, depth]
  const Real* weight;  // [columns, depth]
  const Real* bias;    // [columns], or null for none
  Real* outputs;       // [rows, columns], written
  void* workspace;
  Stop stop;
};

enum class Activation { tanh, relu };

// How the rows of a batch are read. Row b is read at steps 0…lengths[b]-1, with `reverse` at steps
// lengths[b]-1…0; where resets[b, t] its state becomes zero just before step t.
struct Reading {
  std::ptrdiff_t batch, time, hidden;
  const std::int64_t* lengths;  // [B], each in 0…T, or null: all T
  const bool* resets;           // [B, T], or null: never
  bool reverse;
};

// h(t) = activation(projected(t) + weight_hh · h(t-1)), where projected(t) = weight_ih · x(t) +
// bias
template <typename Real>
struct SimpleForward {
  Reading reading;
  Activation activation;
  const Real* projected;  // [B, T, H]; not read past a row's length
  const Real* weight_hh;  // [H, H]
  const Real* initial;    // [B, H]
  Real* outputs;          // [B, T, H], written: zero past a row's length
  Real* final_state;      // [B, H], written
  void* workspace;
  Stop stop;
};

// The gradient of a loss by what SimpleForward read. The caller finishes it with products over
// all rows and steps at once: by weight_hh it is grad_projectedᵀ · previous, by weight_ih
// grad_projectedᵀ · x, by the bias the sum of grad_projected, by x grad_projected · weight_ih.
template <typename Real>
struct SimpleBackward {
  Reading reading;
  Activation activation;
  const Real* outputs;       // [B, T, H], as SimpleForward wrote them
  const Real* weight_hh;     // [H, H]
  const Real* initial;       // [B, H]
  const Real* grad_outputs;  // [B, T, H]; not read past a row's length
  const Real* grad_final;    // [B, H]
  Real* grad_projected;      // [B, T, H], written: zero past a row's length
  Real* grad_initial;        // [B, H], written
  Real* previous;            // [B, T, H], written: the state before each step (zero after a
                             // reset, and past a row's length)
  void* workspace;
  Stop stop;
};

}  // namespace elman
