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

// A vector, and how many of them the processor's registers hold. The order of some sums depends on
// the former: at the portable level both are the same on every processor.
#if defined(ELMAN_PORTABLE)
constexpr int vector_bytes = 16, register_count = 16;
#elif defined(__AVX512F__)
constexpr int vector_bytes = 64, register_count = 32;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32, register_count = 16;
#elif defined(__aarch64__)
constexpr int vector_bytes = 16, register_count = 32;
#else
constexpr int vector_bytes = 16, register_count = 16;
#endif

template <typename Real>
struct VectorOf {
  typedef Real type __attribute__((vector_size(vector_bytes)));
};
template <typename Real>
using Vector = typename VectorOf<Real>::type;

template <typename Real>
constexpr Size lanes = vector_bytes / sizeof(Real);
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
  } else if (count > 0) {
#ifdef __AVX512F__
    const unsigned mask = (1u << count) - 1;
    if constexpr (sizeof(Real) == 4) {
      vector = (Vector<Real>)__builtin_ia32_loadups512_mask(from, (Vector<float>)vector,
                                                            static_cast<unsigned short>(mask));
    } else {
      vector = (Vector<Real>)__builtin_ia32_loadupd512_mask(from, (Vector<double>)vector,
                                                            static_cast<unsigned char>(mask));
    }
#else
    __builtin_memcpy(&vector, from, static_cast<std::size_t>(count) * sizeof(Real));
#endif
  }
  return vector;
}

template <typename Real>
ELMAN_INLINE void store(Real* to, Vector<Real> vector, Size count = lanes<Real>) {
  if (count >= lanes<Real>) {
    __builtin_memcpy(to, &vector, sizeof vector);
  } else if (count > 0) {
#ifdef __AVX512F__
    const unsigned mask = (1u << count) - 1;
    if constexpr (sizeof(Real) == 4) {
      __builtin_ia32_storeups512_mask(to, (Vector<float>)vector, static_cast<unsigned short>(mask));
    } else {
      __builtin_ia32_storeupd512_mask(to, (Vector<double>)vector, static_cast<unsigned char>(mask));
    }
#else
    __builtin_memcpy(to, &vector, static_cast<std::size_t>(count) * sizeof(Real));
#endif
  }
}

// Keeps a loaded vector in a register, where the compiler would rather read memory once for each
// use.
template <typename V>
ELMAN_INLINE void in_register([[maybe_unused]] V& vector) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(vector));
#elif defined(__x86_64__)
  __asm__("" : "+x"(vector));
#elif defined(__aarch64__)
  __asm__("" : "+w"(vector));
#endif
}

// Asks for memory that is needed soon: what lies a sequence apart no processor foresees.
template <typename Real>
ELMAN_INLINE void fetch(const Real* from, Size count) {
  for (Size k = 0; k < count; k += 64 / static_cast<Size>(sizeof(Real))) {
    __builtin_prefetch(from + k);
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

// ---- floating-point -----------------------------------------------------------------------------

ELMAN_INLINE float square_root(float x) {
  return __builtin_sqrtf(x);
}
ELMAN_INLINE double square_root(double x) {
  return __builtin_sqrt(x);
}

// While it lives, results and operands too small for a normal number count as zero: a state that
// fades away would otherwise slow every product a hundredfold. At the portable level they never do,
// whatever the caller's mode: processors do not agree on which results are too small.
class DenormalMode {
 public:
#if defined(__x86_64__) || defined(__aarch64__)
  DenormalMode() : saved_(read()) {
#ifdef ELMAN_PORTABLE
    write(saved_ & ~bits);
#else
    write(saved_ | bits);
#endif
  }
  ~DenormalMode() { write(saved_); }

 private:
#ifdef __x86_64__
  using Mode = unsigned;
  static constexpr Mode bits = 0x8040;  // FTZ and DAZ
  static Mode read() { return __builtin_ia32_stmxcsr(); }
  static void write(Mode mode) { __builtin_ia32_ldmxcsr(mode); }
#else
  using Mode = std::uint64_t;
  static constexpr Mode bits = 1 << 24;  // FZ
  static Mode read() {
    Mode mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }
  static void write(Mode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory"); }
#endif
  Mode saved_;
#endif
};

}  // namespace
}  // namespace elman::ELMAN_ISA
