// A recurrence that is given as a list of operations, and what its calls ask of every pointer.
//
// elman/tapes says what the operations are; elman/kernels/tapes/program.py makes a program of them.
// A value of a row is a section of a frame: `size` units, filled up to whole vectors; a value of
// size 1 stands in every lane of one vector. Letters and rules as in elman/contract.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "elman/contract.h"

namespace elman {

// Where a frame's rows lie. In the order of elman/kernels/tapes/planning.py.
enum class Place : std::int64_t {
  local,      // memory of a block of rows, used again by the next block
  rows,       // one row for each row of the part
  ahead,      // the inputs' products, taken for some steps at once
  before,     // a part of the state before the step
  after,      // and after it
  kept,       // what stays for the way back
  delta,      // [slot]: what is gathered over steps on the way back
  carry,      // the gradient by a part of the state after the step
  fresh,      // and before it
  by_output,  // the gradient by the output
  input,      // the input, where it is more than multiplied
  vector,     // entries of a weight, the same for all rows
  constant,   // a number for each unit
};

enum class Operation : std::int64_t {
  copy,
  neg,
  sigmoid,
  tanh,
  relu,
  exp,
  log,
  softplus,
  sqrt,
  abs,
  floor,
  add,
  sub,
  mul,
  div,
  max,
  min,
  greater,
  sigmoid_back,
  tanh_back,
  where,
  muladd,
  sum,
  mean,
  amax,
  norm_scale,
  norm,
  norm_back,
  slice,
  pad,
  time,
  mask,
};

struct TapeFrame {
  std::int64_t place, index;  // which state, kept value, weight…
  std::int64_t first, count;  // its sections
  std::int64_t entry;         // of a vector: where in the weight it begins
};

struct TapeInstruction {
  std::int64_t operation, to, from[3];  // sections; -1: none
  std::int64_t shift;  // first unit of a slice, zeros before a pad, a mask's stream
  double rate;         // of a mask
};

// Rows `row`… of a weight: a section's columns, or with `back` rows, of a packed matrix.
struct TapeMatrixPart {
  std::int64_t weight, row, section;
};

struct TapeMatrix {
  std::int64_t first, count;  // its parts
  std::int64_t back;          // transposed: from the sections to the columns of the weights
  std::int64_t columns;       // of the weights
};

// What is added to a section before its product: an entry of each vector, or a number.
struct TapeStart {
  std::int64_t section, weight, entry;  // weight -1: the number
  std::int64_t single;                  // whether one entry counts for all units
  double number;
};

struct TapeProduct {
  std::int64_t matrix;
  std::int64_t from;   // section that is multiplied; on the way back the first of some
  std::int64_t to;     // first section that is written
  std::int64_t start;  // section that the sums start from; -1: from what `starts` say
};

// What runs one after the other: a product of all rows, or instructions block by block.
struct TapeStage {
  std::int64_t product;      // -1: instructions
  std::int64_t first, last;  // instructions
};

struct TapeOuter {
  std::int64_t weight, row, delta, value;
};

struct TapeSum {
  std::int64_t weight, entry, delta;
};

template <typename T>
struct Span {
  const T* data = nullptr;
  std::ptrdiff_t count = 0;

  const T& operator[](std::ptrdiff_t k) const { return data[k]; }
  const T* begin() const { return data; }
  const T* end() const { return data + count; }
};

// One way, there or back. Indices were checked by who made it.
struct TapeProgram {
  std::ptrdiff_t inputs, outputs;  // I, O
  Span<TapeFrame> frames;
  Span<std::int64_t> section_size;
  Span<std::int64_t> section_frame;
  Span<double> constants;
  Span<TapeMatrixPart> parts;
  Span<TapeMatrix> matrices;
  Span<TapeStart> starts;
  Span<TapeProduct> products;
  Span<TapeStage> stages;
  Span<TapeInstruction> instructions;
  Span<std::int64_t> state_sizes;
  Span<std::int64_t> kept_sizes;
  Span<std::int64_t> weight_sizes;  // entries of each
  Span<std::int64_t> weight_columns;
  std::ptrdiff_t ahead;  // the product of the inputs that is taken for some steps at once; -1: none
  std::ptrdiff_t result;  // there: the section that is put out; back: that of the input, or -1
  // Of the way back.
  Span<TapeOuter> outers;  // ordered by value
  Span<TapeSum> sums;
  Span<TapeProduct> through;  // to the input
};

template <typename Real>
struct TapeForward {
  const TapeProgram* program;
  Reading reading;
  Sequence<const Real> inputs;  // [B, T, I]; not read past a row's length
  const Real* const* weights;   // each as the tape says
  const Real* const* states;    // each [B, size]; null: zeros
  const std::int64_t* keys;     // [B]; null: masks are what they are on average
  const std::int64_t* steps;    // [B], steps made before; null: 0
  Sequence<Real> outputs;       // [B, T, O], written: zero past a row's length
  Real* const* finals;          // each [B, size], written
  Real* kept;                   // [kept size], written; null: nothing is kept
  const void* prepared;         // from `tape_prepare`; null: packed in this call
  Threads* threads;
  void* workspace;
  Stop stop;
};

template <typename Real>
struct TapeBackward {
  const TapeProgram* program;  // the way back
  Reading reading;
  Sequence<const Real> inputs;  // as TapeForward read them
  const Real* const* weights;
  const std::int64_t* steps;
  const Real* kept;                   // as TapeForward wrote it
  Sequence<const Real> grad_outputs;  // null: zeros
  const Real* const* grad_finals;     // each [B, size]; null: zeros
  Sequence<Real> grad_inputs;         // written; null: not wanted
  Real* const* grad_states;           // each written; null: not wanted
  Real* const* grad_weights;          // each written
  Threads* threads;
  void* workspace;
  Stop stop;
};

}  // namespace elman
