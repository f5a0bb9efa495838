// Vectors of one instruction set: memory, activations, floating-point mode.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "elman/contract.h"

#define ELMAN_INLINE inline __attribute__((always_inline))

namespace elman::ELMAN_ISA {
namespace {

using Size = std::ptrdiff_t;

// A product is computed in tiles of `tall_tile` rows by two vectors: as many sums as fit into the
// registers beside two vectors of weights.
#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
constexpr int tall_tile = 12;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
constexpr int tall_tile = 6;
#else
constexpr int vector_bytes = 16;
constexpr int tall_tile = 4;
#endif
constexpr int short_tile = 2;

template <typename Real>
struct VectorOf {
  typedef Real type __attribute__((vector_size(vector_bytes)));
};
template <typename Real>
using Vector = typename VectorOf<Real>::type;

template <typename Real>
constexpr Size lanes = vector_bytes / sizeof(Real);
template <typename Real>
constexpr Size panel_width = 2 * lanes<Real>;

constexpr Size up_to(Size size, Size multiple) {
  return (size + multiple - 1) / multiple * multiple;
}

// ---- vectors ------------------------------------------------------------------------------------

// The first `count` entries at `from` (all, if there are more than a vector holds), then zeros.
template <typename Real>
ELMAN_INLINE Vector<Real> load(const Real* from, Size count = lanes<Real>) {
  Vector<Real> vector = {};
  if (count >= lanes<Real>) {
    __builtin_memcpy(&vector, from, sizeof vector);
  } else {
    __builtin_memcpy(&vector, from, static_cast<std::size_t>(count) * sizeof(Real));
  }
  return vector;
}

template <typename Real>
ELMAN_INLINE void store(Real* to, Vector<Real> vector, Size count = lanes<Real>) {
  if (count >= lanes<Real>) {
    __builtin_memcpy(to, &vector, sizeof vector);
  } else {
    __builtin_memcpy(to, &vector, static_cast<std::size_t>(count) * sizeof(Real));
  }
}

template <typename Real>
ELMAN_INLINE void copy(Real* to, const Real* from, Size count) {
  if (count > 0) __builtin_memcpy(to, from, static_cast<std::size_t>(count) * sizeof(Real));
}

template <typename Real>
ELMAN_INLINE void clear(Real* to, Size count) {
  if (count > 0) __builtin_memset(to, 0, static_cast<std::size_t>(count) * sizeof(Real));
}

// ---- activations --------------------------------------------------------------------------------

// e^x for x in [0, 20]: 2^n e^r with |r| <= ln(2)/2; e^r = 1 + r + r² Q(r), Q a minimax polynomial.
ELMAN_INLINE Vector<float> exponential(Vector<float> x) {
  typedef std::int32_t Bits __attribute__((vector_size(vector_bytes)));
  const Vector<float> magic = Vector<float>{} + 12582912.0f;  // 1.5·2^23: adding it rounds
  const Vector<float> rounded = x * 1.44269504f + magic;
  const Vector<float> n = rounded - magic;
  const Vector<float> r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  Vector<float> q = 0.001395052415318787f * r + 0.008368908427655697f;
  q = q * r + 0.04166620597243309f;
  q = q * r + 0.166665181517601f;
  q = q * r + 0.5f;
  const Vector<float> power = (q * r) * r + r + 1.0f;
  // The low bits of `rounded` are n; added to the exponent they scale by 2^n.
  return (Vector<float>)((Bits)power + ((Bits)rounded << 23));
}

// Within 2 units in the last place of the true tanh for every float (native/tests measures it).
ELMAN_INLINE Vector<float> tangent(Vector<float> x) {
  const Vector<float> zero = {};
  const Vector<float> size = x < zero ? -x : x;
  // Near zero: x + x³ P(x²), P a minimax polynomial.
  const Vector<float> square = x * x;
  Vector<float> p = -0.00571704376488924f * square + 0.020650586113333702f;
  p = p * square - 0.05374349653720856f;
  p = p * square + 0.13331490755081177f;
  p = p * square - 0.3333328366279602f;
  const Vector<float> near = (p * square) * x + x;
  // Elsewhere: 1 - 2 / (e^2|x| + 1) with the sign of x; beyond 10 it is 1 in float.
  const Vector<float> bounded = size < 10.0f ? size : zero + 10.0f;
  const Vector<float> magnitude = 1.0f - 2.0f / (exponential(bounded + bounded) + 1.0f);
  const Vector<float> far = x < zero ? -magnitude : magnitude;
  const Vector<float> value = size < 0.625f ? near : far;
  return x == x ? value : x;  // NaN stays NaN
}

ELMAN_INLINE Vector<double> tangent(Vector<double> x) {
  for (Size k = 0; k < lanes<double>; ++k) x[k] = __builtin_tanh(x[k]);
  return x;
}

template <Activation activation, typename V>
ELMAN_INLINE V activate(V x) {
  if constexpr (activation == Activation::tanh) {
    return tangent(x);
  } else {
    const V zero = {};
    return x < zero ? zero : x;  // NaN stays NaN
  }
}

// The activation's derivative, told from its value.
template <Activation activation, typename V>
ELMAN_INLINE V slope(V value) {
  const V zero = {};
  if constexpr (activation == Activation::tanh) {
    return 1 - value * value;
  } else {
    return value > zero ? zero + 1 : zero;
  }
}

// While it lives, results and operands too small for a normal number count as zero: a state that
// fades away would otherwise slow every product a hundredfold. (x86 only; others keep the pace.)
class DenormalsAreZero {
 public:
#ifdef __x86_64__
  DenormalsAreZero() : saved_(__builtin_ia32_stmxcsr()) {
    __builtin_ia32_ldmxcsr(saved_ | 0x8040);  // FTZ and DAZ
  }
  ~DenormalsAreZero() { __builtin_ia32_ldmxcsr(saved_); }

 private:
  unsigned saved_;
#endif
};

}  // namespace
}  // namespace elman::ELMAN_ISA
