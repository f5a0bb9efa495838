// Scores as weights to draw by: exponentials and their sum, in double precision.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include "kernels/activations.h"

namespace elman::ELMAN_ISA {
namespace {

// weights = e^values, zero where that is too small for a normal number; gives their sum, in an
// order that depends on `count` only. Values are at most 0; of NaN it gives NaN.
inline double powers(const double* values, Size count, double* weights) {
  using V = Vector<double>;
  constexpr int together = 4;
  constexpr double least = -708;
  DenormalMode scope;
  V sums[together] = {};
  for (Size first = 0; first < count; first += together * lanes<double>) {
    V x[together], power[together], rest[together];
    for (int k = 0; k < together; ++k) {
      x[k] = load(values + first + k * lanes<double>, count - first - k * lanes<double>);
      power[k] = x[k];
      x[k] = at_least(V{} + least, x[k]);
    }
    V small[together];
    for (int k = 0; k < together; ++k) small[k] = power[k];
    exponential<1>(x, power, rest);
    for (int k = 0; k < together; ++k) {
      const Size left = count - first - k * lanes<double>;
      V weight = power[k] + power[k] * rest[k];
      weight = small[k] < V{} + least ? V{} : weight;
      store(weights + first + k * lanes<double>, weight, left);
      sums[k] = sums[k] + load(weights + first + k * lanes<double>, left);
    }
  }
  double sum = 0;
  const V all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  for (Size k = 0; k < lanes<double>; ++k) sum += all[k];
  return sum;
}

// Takes the greatest of the values from each, so that it becomes 0; then as `powers`. NaN if the
// greatest is not finite.
inline double weigh(double* values, Size count, double* weights) {
  using V = Vector<double>;
  constexpr Size width = lanes<double>;
  constexpr double infinity = __builtin_inf();
  V most = V{} - infinity;  // of NaN it knows nothing; the sum will
  Size first = 0;
  for (; first + width <= count; first += width) most = at_least(most, load(values + first));
  double top = -infinity;
  for (Size k = 0; k < width; ++k) top = most[k] > top ? most[k] : top;
  for (; first < count; ++first) top = values[first] > top ? values[first] : top;
  if (!(top < infinity) || top == -infinity) return __builtin_nan("");
  for (Size k = 0; k < count; ++k) values[k] -= top;
  return powers(values, count, weights);
}

}  // namespace
}  // namespace elman::ELMAN_ISA
