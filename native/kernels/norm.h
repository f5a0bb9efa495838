// Layer normalisation of a row's gates, or of its cell, and the way back.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "kernels/vectors.h"

namespace elman::ELMAN_ISA {
namespace {

constexpr double norm_epsilon = 1e-5;

// What is normalised together: `count` gates of `hidden` units. The vector of gate g that begins
// with unit u stands at base + g · gate + u · unit.
struct Group {
  Size hidden, count, base, gate, unit;

  Size entries() const { return hidden * count; }
};

// Gates first…first+count-1 of a row [block, gates, lane].
template <typename Real>
Group interleaved(Size hidden, Size gates, Size first, Size count) {
  return {hidden, count, first * lanes<Real>, lanes<Real>, gates};
}

// Whole sections of `units` entries, a gate each.
inline Group sectioned(Size hidden, Size units, Size count) {
  return {hidden, count, 0, units, 1};
}

// The sum of all lanes, in pairs of halves.
template <typename Real>
ELMAN_INLINE Real total_of(Vector<Real> vector) {
  constexpr Size count = lanes<Real>;
  const auto a = vector;
  if constexpr (count == 16) {
    const auto b =
        a + __builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    const auto c =
        b + __builtin_shufflevector(b, b, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    const auto d =
        c + __builtin_shufflevector(c, c, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    return d[0] + d[1];
  } else if constexpr (count == 8) {
    const auto b = a + __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3);
    const auto c = b + __builtin_shufflevector(b, b, 2, 3, 0, 1, 6, 7, 4, 5);
    return c[0] + c[1];
  } else if constexpr (count == 4) {
    const auto b = a + __builtin_shufflevector(a, a, 2, 3, 0, 1);
    return b[0] + b[1];
  } else {
    static_assert(count == 2);
    return a[0] + a[1];
  }
}

// 0, 1, 2, …
template <typename Real>
ELMAN_INLINE Vector<Real> counting() {
  Vector<Real> numbers = {};
  for (Size j = 0; j < lanes<Real>; ++j) numbers[j] = static_cast<Real>(j);
  return numbers;
}

// The vector with zeros past the first `count` lanes.
template <typename Real>
ELMAN_INLINE Vector<Real> first_lanes(Vector<Real> vector, Size count) {
  if (count >= lanes<Real>) return vector;
  return counting<Real>() < static_cast<Real>(count) ? vector : Vector<Real>{};
}

// visit(u, g, valid) for each vector of a group; `valid` lanes count.
template <typename Real, typename Visit>
ELMAN_INLINE void for_each_vector(const Group& group, const Visit& visit) {
  for (Size u = 0; u < group.hidden; u += lanes<Real>) {
    for (Size g = 0; g < group.count; ++g) visit(u, g, group.hidden - u);
  }
}

template <typename Real>
ELMAN_INLINE Real* vector_of(Real* row, const Group& group, Size u, Size g) {
  return row + group.base + g * group.gate + u * group.unit;
}

// row becomes row - mean, with zeros in the lanes that do not count; returns the scale that makes
// it normal.
template <typename Real>
Real centre(Real* row, const Group& group) {
  Vector<Real> sum = {};
  for_each_vector<Real>(group, [&](Size u, Size g, Size valid) {
    sum += first_lanes<Real>(load(vector_of(row, group, u, g)), valid);
  });
  const Real mean = total_of<Real>(sum) / static_cast<Real>(group.entries());
  Vector<Real> squares = {};
  for_each_vector<Real>(group, [&](Size u, Size g, Size valid) {
    Real* at = vector_of(row, group, u, g);
    const auto deviation = first_lanes<Real>(load(at) - mean, valid);
    squares += deviation * deviation;
    store(at, deviation);
  });
  const Real variance = total_of<Real>(squares) / static_cast<Real>(group.entries());
  return 1 / square_root(variance + static_cast<Real>(norm_epsilon));
}

// The gradient by what was normalised: `grad` holds the one by the result (zero in the lanes that
// do not count) and is replaced; `unit` is the result, `scale` what normalise returned.
template <typename Real>
void normalise_back(Real* grad, const Group& of_grad, const Real* unit, const Group& of_unit,
                    Real scale) {
  Vector<Real> sum = {}, along = {};
  for_each_vector<Real>(of_grad, [&](Size u, Size g, Size) {
    const auto by_result = load(vector_of(grad, of_grad, u, g));
    sum += by_result;
    along += by_result * load(vector_of(unit, of_unit, u, g));
  });
  const Real mean = total_of<Real>(sum) / static_cast<Real>(of_grad.entries());
  const Real stretch = total_of<Real>(along) / static_cast<Real>(of_grad.entries());
  for_each_vector<Real>(of_grad, [&](Size u, Size g, Size valid) {
    Real* at = vector_of(grad, of_grad, u, g);
    const auto result = load(at) - mean - load(vector_of(unit, of_unit, u, g)) * stretch;
    store(at, first_lanes<Real>(result * scale, valid));
  });
}

}  // namespace
}  // namespace elman::ELMAN_ISA
