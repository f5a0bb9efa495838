// What the compiled kernels compute, and what they ask of every pointer.
//
// Letters as in elman/kernels/contract.py: B batch, T time, I input size, H hidden size, R
// recurrent size (H, or the size of an LSTM's projection), G number of gates, V vocabulary.
// Arrays are dense and row-major unless strides are given. No output may overlap any other array
// of the same call, but the final state may be the initial one; inputs may overlap each other.
// Nothing here is owned, and nothing is allocated: `workspace` is scratch memory of the caller,
// 64-byte aligned, of the size that the matching *_workspace function of the same instruction set
// gives for the same sizes and threads.
//
// Every call returns true when it is done, false when `stop` asked it to end early (the outputs
// are then unspecified). Sizes may be zero. The caller has checked all sizes, lengths and ids.
//
// A call is divided among its threads.
//
// The order in which a row's sums are taken depends on I, H and R only: not on B, T, the other
// rows, the threads, or where a sequence was cut. So a row of a forward pass gives the same bits
// alone and in any batch. That of a query's depends on K, M and its source's length only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elman {

class Threads;  // elman/parallel.h

// How a call is best divided.
struct Share {
  std::ptrdiff_t threads;
  bool long_parts;  // each thread's part takes much longer than to wake it
};

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
  Threads* threads;    // as many as *_threads of the same instruction set advises, or fewer
  void* workspace;
  Stop stop;
  // From `prepare_dense`, of weight and bias, which are then not read; null: packed in this call.
  const void* prepared = nullptr;
};

// What each query finds in its source: elman/kernels/attention.py says it.
template <typename Real>
struct Attention {
  std::ptrdiff_t count, steps, depth, features;  // Q, S, K, M
  const Real* queries;                           // [Q, K]
  const Real* keys;                              // [N, S, K]; not read past a source's length
  const Real* values;                            // [N, S, M]; likewise
  const std::int64_t* lengths;                   // [N], each in 0…S
  const std::int64_t* sources;                   // [Q], each in 0…N-1
  const Real* energy;  // [K], of additive scores; null: scores are products
  Real* contexts;      // [Q, M], written
  Real* weights;       // [Q, S], written: zero past a source's length
  Threads* threads;    // as many as *_threads of the same instruction set advises, or fewer
  void* workspace;
  Stop stop;
};

enum class Cell { tanh, relu, lstm, gru_after, gru_before };  // GRU: when the reset gate acts

// Static, so that each instruction set has its own.
[[maybe_unused]] static constexpr bool is_gru(Cell cell) {
  return cell == Cell::gru_after || cell == Cell::gru_before;
}
[[maybe_unused]] static constexpr std::ptrdiff_t gates_of(Cell cell) {
  return cell == Cell::lstm ? 4 : is_gru(cell) ? 3 : 1;
}

// What a step computes: elman/kernels/equations.py says it. Options that are off are null or zero.
template <typename Real>
struct Recurrence {
  Cell cell;
  std::ptrdiff_t inputs, hidden, recurrent;  // I, H, R
  const Real* weight_ih;                     // [G·H, I]
  const Real* weight_hh;                     // [G·H, R]
  const Real* bias;                          // [G·H]; null: zeros
  const Real* recurrent_bias;                // [H], inside the reset gate: gru_after only
  // [G·H], added to `bias`, or null: torch.nn's bias_hh. Of a gru_after its candidate's part stands
  // in place of recurrent_bias, which is null then.
  const Real* second_bias;
  const Real* peephole;    // [3, H]: i, f, o; LSTM only
  const Real* projection;  // [R, H]; LSTM only
  const Real* norm_ih;     // [G·H]; both or neither
  const Real* norm_hh;     // [G·H]
  const Real* norm_cell;   // [2, H]: LSTM with layer normalisation only
  Real forget_bias;
  Real cell_clip;  // 0: no clipping
  // Noise; elman/kernels/contract.py says what the numbers mean.
  double zoneout_hidden, zoneout_cell, recurrent_dropout;
  bool variational;
  const std::int64_t* noise_keys;   // [B]; null: no masks, zoneout mixes by its rates
  const std::int64_t* noise_steps;  // [B]
};

// The rows of a batch by time: entry (b, t, ·) stands at data + b·row + t·step.
template <typename Real>
struct Sequence {
  Real* data;
  std::ptrdiff_t row, step;  // in entries
};

// How the rows of a batch are read. Row b is read at steps 0…lengths[b]-1, with `reverse` at steps
// lengths[b]-1…0; where resets[b, t] its state becomes zero just before step t.
struct Reading {
  std::ptrdiff_t batch, time;
  const std::int64_t* lengths;  // [B], each in 0…T, or null: all T
  const std::int64_t* order;    // [B]: the rows by falling length; null where lengths is
  const bool* resets;           // [B, T], or null: never
  bool reverse;
};

// Inputs as ids: x(t) is row ids[b, t] of the embedding.
template <typename Real>
struct Tokens {
  std::ptrdiff_t vocabulary;
  const std::int64_t* ids;  // [B, T], each in 0…V-1 (not read past a length); null: no tokens
  const Real* embedding;    // [V, I]
  const Real* table;        // from `tabulate`: what each word adds to the gates; null: made here
};

template <typename Real>
struct Forward {
  Recurrence<Real> recurrence;
  Reading reading;
  Sequence<const Real> inputs;  // [B, T, I]; not read past a row's length
  Tokens<Real> tokens;          // in their place, if given
  const Real* hidden;           // [B, R], the initial state; null: zeros
  const Real* cell;             // [B, H], LSTM only; null: zeros
  Sequence<Real> outputs;       // [B, T, R], written: zero past a row's length
  Real* final_hidden;           // [B, R], written
  Real* final_cell;             // [B, H], written; LSTM only
  Real* kept;                   // [kept_size], written: what Backward needs; null: nothing is kept
  const void* prepared;         // from `prepare`; null: prepared in this call
  Threads* threads;  // as many as *_threads of the same instruction set advises, or fewer
  void* workspace;
  Stop stop;
};

// The gradient of a loss by what Forward read (arrays, not tokens).
template <typename Real>
struct Backward {
  Recurrence<Real> recurrence;
  Reading reading;
  Sequence<const Real> inputs;  // as Forward read them
  const Real* hidden;           // the initial state, as Forward read it
  const Real* cell;
  Sequence<const Real> outputs;       // [B, T, R], as Forward wrote them
  const Real* kept;                   // as Forward wrote it
  Sequence<const Real> grad_outputs;  // [B, T, R]; not read past a row's length; null: zeros
  const Real* grad_final_hidden;      // [B, R]; null: zeros
  const Real* grad_final_cell;        // [B, H]; null: zeros
  Sequence<Real> grad_inputs;         // [B, T, I], written: zero past a length; null: not wanted
  Real* grad_hidden;                  // [B, R], written; null: not wanted
  Real* grad_cell;                    // [B, H], written; LSTM only; null: not wanted
  // Written, in the shapes of what they belong to; null where that is.
  Real* grad_weight_ih;
  Real* grad_weight_hh;
  Real* grad_bias;            // [G·H]
  Real* grad_recurrent_bias;  // [H]; gru_after only
  Real* grad_second_bias;     // [G·H]
  Real* grad_peephole;
  Real* grad_projection;
  Real* grad_norm_ih;
  Real* grad_norm_hh;
  Real* grad_norm_cell;
  Threads* threads;  // as many as *_threads of the same instruction set advises, or fewer
  void* workspace;
  Stop stop;
};

// What is left of one step of a plain LSTM or gru_after when its products have been taken.
template <typename Real>
struct CellStep {
  Cell cell;
  std::ptrdiff_t rows, hidden;  // B, H
  Real* gates;              // [B, G·H] x·W_ihᵀ, of an LSTM with h·W_hhᵀ; becomes the gates' values
  Real* recurrent;          // [B, 3·H] a GRU's h·W_hhᵀ; its candidate's part gets its bias
  const Real* bias;         // [G·H], or null
  const Real* second_bias;  // [G·H], or null; a GRU's stands with `recurrent`
  const Real* before;       // [B, H] an LSTM's cell, a GRU's hidden state
  Real* seen;               // [B, H] tanh of the cell, written; LSTM only
  Real* final_hidden;       // [B, H], written
  Real* final_cell;         // [B, H], written; LSTM only
};

// The gradients by what entered the gates: what `CellStep` read and wrote.
template <typename Real>
struct CellStepBack {
  Cell cell;
  std::ptrdiff_t rows, hidden;
  const Real* gates;
  const Real* recurrent;
  const Real* before;
  const Real* seen;
  const Real* grad_hidden;  // [B, H]; null: zeros
  const Real* grad_cell;    // [B, H], LSTM only; null: zeros
  Real* deltas;             // [B, G·H], by `gates`, written
  Real* recurrent_deltas;   // [B, 3·H], by `recurrent`, written; GRU only
  Real* carry;              // [B, H], by `before` but through no product, written
};

}  // namespace elman
