// The instructions of a tape, each over the rows of a block.
// Included by kernels.cpp only, once for each instruction set.
//
// Each result is rounded by itself, so a row's bits depend on neither block nor batch.
#pragma once

#include <cstddef>

#include "elman/tape.h"
#include "kernels/norm.h"
#include "kernels/tape_math.h"

namespace elman::ELMAN_ISA {
namespace {

// A value of some rows: vector v of row r at `at` + r · row + v · step; step 0 for one number.
template <typename Real>
struct Operand {
  Real* at;
  Size row, step;
};

template <typename Real>
struct Job {
  Operand<Real> to;
  Operand<const Real> from[3];
  Size rows, vectors;
  Size size, from_size;  // units of the result, and of the first operand
  bool dense;            // rows follow each other without gaps, in all of them
};

// One vector for each unit of work, several at a time: alone, each would wait for the one before.
template <typename Real, typename Function>
ELMAN_INLINE void each_of_one(const Job<Real>& job, const Function& function) {
  constexpr int at_once = 4;
  const Size total = job.rows * job.vectors;
  const auto& [to, from, rows, vectors, size, from_size, dense] = job;
  Vector<Real> x[at_once];
  Size done = 0;
  if (dense || vectors % at_once == 0) {
    const Size in_row = dense ? total : vectors;
    for (Size r = 0; r * in_row < total; ++r) {
      const Real* source = from[0].at + r * from[0].row;
      Real* target = to.at + r * to.row;
      for (Size v = 0; v + at_once <= in_row; v += at_once, done += at_once) {
        for (int k = 0; k < at_once; ++k) x[k] = load(source + (v + k) * from[0].step);
        function(x);
        for (int k = 0; k < at_once; ++k) store(target + (v + k) * lanes<Real>, x[k]);
      }
    }
    if (done == total) return;
  }
  Size r = done / vectors, v = done % vectors;
  while (done < total) {
    const int count = total - done < at_once ? static_cast<int>(total - done) : at_once;
    Real* out[at_once];
    for (int k = 0; k < at_once; ++k) {
      if (k >= count) {
        x[k] = x[0];
        continue;
      }
      x[k] = load(from[0].at + r * from[0].row + v * from[0].step);
      out[k] = to.at + r * to.row + v * lanes<Real>;
      if (++v == vectors) {
        v = 0;
        ++r;
      }
    }
    function(x);
    for (int k = 0; k < count; ++k) store(out[k], x[k]);
    done += count;
  }
}

template <int arity, typename Real, typename Function>
ELMAN_INLINE void each(const Job<Real>& job, const Function& function) {
  Size rows = job.rows, vectors = job.vectors;
  if (job.dense) {
    vectors *= rows;
    rows = 1;
  }
  for (Size r = 0; r < rows; ++r) {
    Real* to = job.to.at + r * job.to.row;
    const Real* from[arity];
    for (int k = 0; k < arity; ++k) from[k] = job.from[k].at + r * job.from[k].row;
    for (Size v = 0; v < vectors; ++v) {
      if constexpr (arity == 1) {
        store(to + v * lanes<Real>, function(load(from[0] + v * job.from[0].step)));
      } else if constexpr (arity == 2) {
        store(to + v * lanes<Real>,
              function(load(from[0] + v * job.from[0].step), load(from[1] + v * job.from[1].step)));
      } else {
        store(to + v * lanes<Real>,
              function(load(from[0] + v * job.from[0].step), load(from[1] + v * job.from[1].step),
                       load(from[2] + v * job.from[2].step)));
      }
    }
  }
}

template <typename Real>
ELMAN_INLINE void fill_row(Real* to, Size vectors, Real number) {
  for (Size v = 0; v < vectors; ++v) store(to + v * lanes<Real>, Vector<Real>{} + number);
}

// The sum of a row's units, in vectors and then lane by lane in pairs.
template <typename Real>
ELMAN_INLINE Real sum_of(const Real* from, Size size) {
  Vector<Real> sum = {};
  for (Size u = 0; u < size; u += lanes<Real>) sum += first_lanes<Real>(load(from + u), size - u);
  return total_of<Real>(sum);
}

template <typename Real>
ELMAN_INLINE Real greatest_of(const Real* from, Size size) {
  Real most = from[0];
  for (Size u = 1; u < size; ++u) most = from[u] > most || from[u] != from[u] ? from[u] : most;
  return most;
}

template <typename Real>
ELMAN_INLINE void reduce(const Job<Real>& job, Operation operation) {
  for (Size r = 0; r < job.rows; ++r) {
    const Real* from = job.from[0].at + r * job.from[0].row;
    Real found;
    if (operation == Operation::amax) {
      found = greatest_of(from, job.from_size);
    } else {
      found = sum_of(from, job.from_size);
      if (operation == Operation::mean) found = found / static_cast<Real>(job.from_size);
    }
    fill_row(job.to.at + r * job.to.row, 1, found);
  }
}

// 1 / sqrt(variance + epsilon) of each row's units.
template <typename Real>
ELMAN_INLINE void scale_of(const Job<Real>& job, Real epsilon) {
  for (Size r = 0; r < job.rows; ++r) {
    const Real* from = job.from[0].at + r * job.from[0].row;
    const auto count = static_cast<Real>(job.from_size);
    const Real mean = sum_of(from, job.from_size) / count;
    Vector<Real> squares = {};
    for (Size u = 0; u < job.from_size; u += lanes<Real>) {
      const auto deviation = first_lanes<Real>(load(from + u) - mean, job.from_size - u);
      squares += deviation * deviation;
    }
    const Real variance = total_of<Real>(squares) / count;
    fill_row(job.to.at + r * job.to.row, 1, 1 / square_root(variance + epsilon));
  }
}

// The deviations from the mean, scaled.
template <typename Real>
ELMAN_INLINE void normalise_rows(const Job<Real>& job) {
  for (Size r = 0; r < job.rows; ++r) {
    const Real* from = job.from[0].at + r * job.from[0].row;
    Real* to = job.to.at + r * job.to.row;
    const Real mean = sum_of(from, job.size) / static_cast<Real>(job.size);
    const Real scale = job.from[1].at[r * job.from[1].row];
    for (Size u = 0; u < job.size; u += lanes<Real>) store(to + u, (load(from + u) - mean) * scale);
  }
}

// Both of a row: the scale of its deviations, and them scaled; in the bits of one after the other.
template <typename Real>
ELMAN_INLINE void scale_and_normalise(const Job<Real>& scaling, const Job<Real>& job,
                                      Real epsilon) {
  const auto count = static_cast<Real>(job.size);
  for (Size r = 0; r < job.rows; ++r) {
    const Real* from = job.from[0].at + r * job.from[0].row;
    Real* to = job.to.at + r * job.to.row;
    const Real mean = sum_of(from, job.size) / count;
    Vector<Real> squares = {};
    for (Size u = 0; u < job.size; u += lanes<Real>) {
      const auto deviation = first_lanes<Real>(load(from + u) - mean, job.size - u);
      squares += deviation * deviation;
    }
    const Real scale = 1 / square_root(total_of<Real>(squares) / count + epsilon);
    fill_row(scaling.to.at + r * scaling.to.row, 1, scale);
    for (Size u = 0; u < job.size; u += lanes<Real>) store(to + u, (load(from + u) - mean) * scale);
  }
}

// (g - mean of g - y · mean of g·y) · scale.
template <typename Real>
ELMAN_INLINE void normalise_rows_back(const Job<Real>& job) {
  const auto count = static_cast<Real>(job.size);
  for (Size r = 0; r < job.rows; ++r) {
    const Real* grad = job.from[0].at + r * job.from[0].row;
    const Real* unit = job.from[1].at + r * job.from[1].row;
    Real* to = job.to.at + r * job.to.row;
    const Real scale = job.from[2].at[r * job.from[2].row];
    Vector<Real> sum = {}, along = {};
    for (Size u = 0; u < job.size; u += lanes<Real>) {
      const auto by = first_lanes<Real>(load(grad + u), job.size - u);
      sum += by;
      along += by * first_lanes<Real>(load(unit + u), job.size - u);
    }
    const Real mean = total_of<Real>(sum) / count, stretch = total_of<Real>(along) / count;
    for (Size u = 0; u < job.size; u += lanes<Real>) {
      store(to + u, (load(grad + u) - mean - load(unit + u) * stretch) * scale);
    }
  }
}

// Units `shift`… of each row; with `pad` to there, among zeros where `whole`.
template <typename Real>
void move_units(const Job<Real>& job, Size shift, bool pad, bool whole) {
  for (Size r = 0; r < job.rows; ++r) {
    const Real* from = job.from[0].at + r * job.from[0].row;
    Real* to = job.to.at + r * job.to.row;
    if (pad) {
      if (whole) fill_row(to, job.vectors, Real(0));
      copy(to + shift, from, job.from_size);
    } else {
      copy(to, from + shift, job.size);
    }
    if (job.size == 1) fill_row(to, 1, to[0]);
  }
}

// All instructions but those that ask for the row: `time` and `mask`.
template <typename Real>
void execute(const Job<Real>& job, Operation operation, Size shift, Real rate) {
  const bool whole = rate != 0;
  using V = Vector<Real>;
  const V zero = {}, one = V{} + 1;
  switch (operation) {
    case Operation::copy:
      return each<1>(job, [](V x) { return x; });
    case Operation::neg:
      return each<1>(job, [](V x) { return -x; });
    case Operation::sigmoid:
      return each_of_one(job, [](auto& x) { logistic(x); });
    case Operation::tanh:
      return each_of_one(job, [](auto& x) { tangent(x); });
    case Operation::relu:
      return each<1>(job, [=](V x) { return x < zero ? zero : x; });
    case Operation::exp:
      return each_of_one(job, [](auto& x) { exponential_of(x); });
    case Operation::log:
      return each_of_one(job, [](auto& x) { logarithm(x); });
    case Operation::softplus:
      return each_of_one(job, [](auto& x) { soft_plus(x); });
    case Operation::sqrt:
      return each<1>(job, [](V x) {
        for (Size k = 0; k < lanes<Real>; ++k) x[k] = square_root(x[k]);
        return x;
      });
    case Operation::abs:
      return each<1>(job, [=](V x) { return x < zero ? -x : x; });
    case Operation::floor:
      return each<1>(job, [](V x) { return integer_below(x); });
    case Operation::add:
      return each<2>(job, [](V a, V b) { return a + b; });
    case Operation::sub:
      return each<2>(job, [](V a, V b) { return a - b; });
    case Operation::mul:
      return each<2>(job, [](V a, V b) { return a * b; });
    case Operation::div:
      return each<2>(job, [](V a, V b) { return a / b; });
    case Operation::max:
      return each<2>(job, [](V a, V b) { return ((a > b) | (a != a)) ? a : b; });
    case Operation::min:
      return each<2>(job, [](V a, V b) { return ((a < b) | (a != a)) ? a : b; });
    case Operation::greater:
      return each<2>(job, [=](V a, V b) { return a > b ? one : zero; });
    case Operation::sigmoid_back:
      return each<2>(job, [](V g, V y) { return g * y * (1 - y); });
    case Operation::tanh_back:
      return each<2>(job, [](V g, V y) { return g * (1 - y * y); });
    case Operation::where:
      return each<3>(job, [=](V m, V a, V b) { return m != zero ? a : b; });
    case Operation::muladd:
      return each<3>(job, [](V a, V b, V c) { return a * b + c; });
    case Operation::sum:
    case Operation::mean:
    case Operation::amax:
      return reduce(job, operation);
    case Operation::norm_scale:
      return scale_of(job, rate);
    case Operation::norm:
      return normalise_rows(job);
    case Operation::norm_back:
      return normalise_rows_back(job);
    case Operation::slice:
      return move_units(job, shift, false, whole);
    case Operation::pad:
      return move_units(job, shift, true, whole);
    case Operation::time:
    case Operation::mask:
      return;
  }
}

}  // namespace
}  // namespace elman::ELMAN_ISA
