// The activations: of one vector, and of several at once, which is faster.
// Included by kernels.cpp only, once for each instruction set.
//
// logistic and tangent are off by at most 2 units in the last place in float and 2.25 in double, as
// native/tests/activations_test.cpp measures. A true value too small for a normal number may come
// out as any such number. A result depends on its own argument only. NaN stays NaN.
#pragma once

#include <cstdint>

#include "elman/contract.h"
#include "kernels/vectors.h"

namespace elman::ELMAN_ISA {
namespace {

// The bound where x lies beyond it, else x; so NaN stays NaN. (GCC makes one instruction of a
// comparison and a choice only if the bound is no constant, and with AVX-512 never.)
#if defined(__clang__) || !defined(__x86_64__)
#define ELMAN_BOUNDED(name, beyond) (bound beyond x ? bound : x)
#elif defined(__AVX512F__)
#define ELMAN_BOUNDED(name, beyond) __builtin_ia32_##name##512_mask(bound, x, x, -1, 4)
#elif defined(__AVX2__)
#define ELMAN_BOUNDED(name, beyond) __builtin_ia32_##name##256(bound, x)
#else
#define ELMAN_BOUNDED(name, beyond) __builtin_ia32_##name(bound, x)
#endif
ELMAN_INLINE Vector<float> at_most(Vector<float> bound, Vector<float> x) {
  return ELMAN_BOUNDED(minps, <);
}
ELMAN_INLINE Vector<float> at_least(Vector<float> bound, Vector<float> x) {
  return ELMAN_BOUNDED(maxps, >);
}
ELMAN_INLINE Vector<double> at_most(Vector<double> bound, Vector<double> x) {
  return ELMAN_BOUNDED(minpd, <);
}
ELMAN_INLINE Vector<double> at_least(Vector<double> bound, Vector<double> x) {
  return ELMAN_BOUNDED(maxpd, >);
}
#undef ELMAN_BOUNDED

// ---- the exponential function -------------------------------------------------------------------

// e^x = 2^n e^r with |r| <= ln(2)/2, and e^r = 1 + r + r² (series[0] + series[1] r + …), a minimax
// polynomial for the relative error of e^r - 1.
template <typename V>
struct Exponential;

template <>
struct Exponential<Vector<float>> {
  using Real = float;
  using Bits = Vector<std::int32_t>;
  static constexpr int mantissa_bits = 23;
  // Adding 1.5·2^23 rounds to an integer n and leaves n in the low bits; the 127 makes it n as the
  // exponent of 2^n.
  static constexpr Real shift = 12582912 + 127;
  static constexpr Real log2_e = 1.44269504f;
  // ln(2) in two parts, the first so short that n times it is exact.
  static constexpr Real ln2_high = 0.693359375f;
  static constexpr Real ln2_low = -2.12194440e-4f;
  static constexpr int terms = 5;
  static constexpr Real series[terms] = {0.49999997f, 0.16666546f, 0.04166744f, 0.008366254f,
                                         0.0013870278f};
  // Arguments beyond these count as these: the logistic function is 1 there, or too small for a
  // normal number, and tanh is 1.
  static constexpr Real extreme = 88, saturated = 10;
};

template <>
struct Exponential<Vector<double>> {
  using Real = double;
  using Bits = Vector<std::int64_t>;
  static constexpr int mantissa_bits = 52;
  static constexpr Real shift = 6755399441055744 + 1023;
  static constexpr Real log2_e = 1.4426950408889634;
  static constexpr Real ln2_high = 0.693147180369123816490;
  static constexpr Real ln2_low = 1.90821492927058770002e-10;
  static constexpr int terms = 11;
  static constexpr Real series[terms] = {
      0.50000000000000000085,   0.16666666666666676508,   0.041666666666666509077,
      0.0083333333333216914532, 0.0013888888888962207653, 0.00019841269885966123199,
      2.4801587172878941486e-5, 2.7557244374072386003e-6, 2.7557402344683131694e-7,
      2.5108978885975327096e-8, 2.0875422752851010977e-9};
  static constexpr Real extreme = 709, saturated = 20;
};

// The coefficient for e^(factor r) in place of e^r; exact, as factor is -1 or -2.
template <typename V>
constexpr auto coefficient(int term, int factor) {
  auto value = Exponential<V>::series[term] * factor;
  for (int k = 0; k < term; ++k) value *= factor;
  return value;
}

// `power` and `rest`, so that e^(factor x) = power · (1 + factor · rest); the power is one of two.
// The vectors take every step together: alone, each step would wait for the one before it.
template <int factor, typename V, int count>
ELMAN_INLINE void exponential(const V (&x)[count], V (&power)[count], V (&rest)[count]) {
  using E = Exponential<V>;
  using Bits = typename E::Bits;
  V n[count], r[count], square[count];
  for (int k = 0; k < count; ++k) power[k] = x[k] * (factor * E::log2_e) + E::shift;
  for (int k = 0; k < count; ++k) n[k] = power[k] - E::shift;
  for (int k = 0; k < count; ++k) power[k] = (V)((Bits)power[k] << E::mantissa_bits);
  for (int k = 0; k < count; ++k) r[k] = x[k] - n[k] * (E::ln2_high / factor);
  for (int k = 0; k < count; ++k) r[k] = r[k] - n[k] * (E::ln2_low / factor);
  for (int k = 0; k < count; ++k) square[k] = r[k] * r[k];

  for (int k = 0; k < count; ++k) rest[k] = V{} + coefficient<V>(E::terms - 1, factor);
#pragma GCC unroll 8
  for (int term = E::terms - 3; term >= 0; term -= 2) {  // the number of terms is odd
    const auto even = coefficient<V>(term, factor), odd = coefficient<V>(term + 1, factor);
    for (int k = 0; k < count; ++k) rest[k] = rest[k] * square[k] + (odd * r[k] + even);
  }
  for (int k = 0; k < count; ++k) rest[k] = rest[k] * square[k] + r[k];
}

// ---- activations --------------------------------------------------------------------------------

// Each x becomes 1 / (1 + e^-x).
template <typename V, int count>
ELMAN_INLINE void logistic(V (&x)[count]) {
  using E = Exponential<V>;
  V power[count], rest[count];
  for (int k = 0; k < count; ++k) {
    x[k] = at_most(V{} + E::extreme, at_least(V{} - E::extreme, x[k]));
  }
  exponential<-1>(x, power, rest);
  for (int k = 0; k < count; ++k) x[k] = power[k] + (1 - power[k] * rest[k]);
  for (int k = 0; k < count; ++k) x[k] = 1 / x[k];
}

// Each x becomes tanh(x) = (1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x.
template <typename V, int count>
ELMAN_INLINE void tangent(V (&x)[count]) {
  using E = Exponential<V>;
  using Bits = typename E::Bits;
  constexpr auto half = typename E::Real(0.5);
  const auto sign = (Bits)(-V{});
  V size[count], power[count], rest[count];
  for (int k = 0; k < count; ++k) size[k] = at_most(V{} + E::saturated, (V)((Bits)x[k] & ~sign));
  exponential<-2>(size, power, rest);
  for (int k = 0; k < count; ++k) {  // both halved; not from each other, which would lose bits
    const V less = (half - half * power[k]) + power[k] * rest[k];
    const V more = (half + half * power[k]) - power[k] * rest[k];
    rest[k] = less / more;
  }
  for (int k = 0; k < count; ++k) x[k] = (V)((Bits)rest[k] | ((Bits)x[k] & sign));
}

template <typename V>
ELMAN_INLINE V logistic(V x) {
  V alone[] = {x};
  logistic(alone);
  return alone[0];
}

template <typename V>
ELMAN_INLINE V tangent(V x) {
  V alone[] = {x};
  tangent(alone);
  return alone[0];
}

// The activation of a simple cell.
template <Cell activation, typename V>
ELMAN_INLINE V activate(V x) {
  if constexpr (activation == Cell::tanh) {
    return tangent(x);
  } else {
    const V zero = {};
    return x < zero ? zero : x;  // NaN stays NaN
  }
}

// The activation's derivative, told from its value.
template <Cell activation, typename V>
ELMAN_INLINE V slope(V value) {
  const V zero = {};
  if constexpr (activation == Cell::tanh) {
    return 1 - value * value;
  } else {
    return value > zero ? zero + 1 : zero;
  }
}

}  // namespace
}  // namespace elman::ELMAN_ISA
