// Functions of a tape beside the activations: e^x, the logarithm, log(1 + e^x).
// Included by kernels.cpp only, once for each instruction set.
//
// A result depends on its own argument only. NaN stays NaN.
#pragma once

#include "kernels/activations.h"

namespace elman::ELMAN_ISA {
namespace {

// Each x becomes e^x: 0 or infinity where that is too small or too large.
template <typename V, int count>
ELMAN_INLINE void exponential_of(V (&x)[count]) {
  using E = Exponential<V>;
  V power[count], rest[count], bounded[count];
  for (int k = 0; k < count; ++k) {
    bounded[k] = at_most(V{} + E::extreme, at_least(V{} - E::extreme, x[k]));
  }
  exponential<1>(bounded, power, rest);
  const V infinite = V{} + static_cast<typename E::Real>(__builtin_inf());
  for (int k = 0; k < count; ++k) {
    const V value = power[k] + power[k] * rest[k];
    x[k] = x[k] > E::extreme ? infinite : x[k] < -E::extreme ? V{} : value;
  }
}

template <typename V>
constexpr int log_terms = sizeof(typename Exponential<V>::Real) == 4 ? 6 : 12;
template <typename V>
constexpr int log1p_terms = sizeof(typename Exponential<V>::Real) == 4 ? 9 : 18;

// 2 atanh(s) = 2 s (1 + s²/3 + s⁴/5 + …).
template <int terms, typename V>
ELMAN_INLINE V twice_atanh(V s) {
  using Real = typename Exponential<V>::Real;
  const V square = s * s;
  V sum = V{} + Real(1) / Real(2 * terms - 1);
#pragma GCC unroll 20
  for (int k = terms - 2; k >= 1; --k) sum = sum * square + Real(1) / Real(2 * k + 1);
  return 2 * s + 2 * s * (square * sum);
}

// Each x becomes its natural logarithm; NaN below zero, -infinity at it.
template <typename V, int count>
ELMAN_INLINE void logarithm(V (&x)[count]) {
  using E = Exponential<V>;
  using Real = typename E::Real;
  using Bits = typename E::Bits;
  constexpr int mantissa = E::mantissa_bits;
  using Word = decltype(Bits{}[0] + 0);
  constexpr auto bias = static_cast<Word>(sizeof(Real) == 4 ? 127 : 1023);
  const V infinite = V{} + static_cast<Real>(__builtin_inf());
  for (int k = 0; k < count; ++k) {
    // m in [√½, √2) and n with x = m 2^n.
    const Bits bits = (Bits)x[k];
    const Bits half = (Bits)(V{} + Real(0.70710678118654752440));
    const Bits n = (bits - half) >> mantissa;
    const V m = (V)(bits - (n << mantissa));
    V exponent = {};
    for (Size j = 0; j < static_cast<Size>(sizeof(V) / sizeof(Real)); ++j) {
      exponent[j] = static_cast<Real>(n[j]);
    }
    const V low = twice_atanh<log_terms<V>>((m - 1) / (m + 1));
    const V value = exponent * E::ln2_high + (low + exponent * E::ln2_low);
    const V edge = x[k] == 0 ? -infinite : x[k] == infinite ? infinite : value;
    x[k] = x[k] >= 0 ? edge : V{} + static_cast<Real>(__builtin_nan(""));
  }
  (void)bias;
}

// Each x becomes log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).
template <typename V, int count>
ELMAN_INLINE void soft_plus(V (&x)[count]) {
  const V zero = {};
  V small[count];
  for (int k = 0; k < count; ++k) small[k] = x[k] > zero ? -x[k] : x[k];
  exponential_of(small);
  for (int k = 0; k < count; ++k) {
    const V rest = twice_atanh<log1p_terms<V>>(small[k] / (small[k] + 2));
    x[k] = (x[k] < zero ? zero : x[k]) + rest;
  }
}

// The integer below; numbers too large to have a fraction stay.
template <typename V>
ELMAN_INLINE V integer_below(V x) {
  using E = Exponential<V>;
  using Real = typename E::Real;
  constexpr Real shift = sizeof(Real) == 4 ? Real(12582912) : Real(6755399441055744);
  constexpr Real large = shift / 3;
  // Kept apart: else the compiler would cancel the sum.
  V shifted = x + shift;
  in_register(shifted);
  const V near = shifted - shift;
  const V below = near > x ? near - 1 : near;
  return x > large ? x : x < -large ? x : below;
}

}  // namespace
}  // namespace elman::ELMAN_ISA
