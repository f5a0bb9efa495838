// Masks as a pure function of key, step, stream and unit: Philox 4x32-10 (Salmon, Moraes, Dror and
// Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"), the bits of elman/kernels/philox.py.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstdint>

#include "kernels/vectors.h"

namespace elman::ELMAN_ISA {
namespace {

// Words of 32 bits in the low halves of the lanes; what the high halves hold does not matter.
using Words = Vector<std::uint64_t>;

// The 64-bit products of the words and a multiplier. (GCC would multiply all 64 bits.)
ELMAN_INLINE Words product(Words words, std::uint32_t multiplier) {
  const Words factors = Words{} + multiplier;
#if defined(__clang__) || !defined(__x86_64__)
  return (words & 0xFFFFFFFF) * factors;
#else
  using Halves = Vector<std::int32_t>;
#if defined(__AVX512F__)
  return (Words)__builtin_ia32_pmuludq512_mask((Halves)words, (Halves)factors, Vector<long long>{},
                                               0xFF);
#elif defined(__AVX2__)
  return (Words)__builtin_ia32_pmuludq256((Halves)words, (Halves)factors);
#else
  return (Words)__builtin_ia32_pmuludq128((Halves)words, (Halves)factors);
#endif
#endif
}

// Turns the counters (a, b, c, d) into random words.
ELMAN_INLINE void philox(Words& a, Words& b, Words& c, Words& d, std::uint64_t key) {
  constexpr std::uint64_t low_step = 0x9E3779B9, high_step = 0xBB67AE85;
  Words low = Words{} + key, high = Words{} + (key >> 32);
  in_register(low);  // else each round's key would be made apart and spread over a vector
  in_register(high);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const Words first = product(a, 0xD2511F53), second = product(c, 0xCD9E8D57);
    a = (second >> 32) ^ b ^ low;
    b = second;
    c = (first >> 32) ^ d ^ high;
    d = first;
    low += low_step;
    high += high_step;
  }
}

// Lanes 0 of `left` and of `right`, their lanes 2, and so on; and their odd lanes.
struct Mixed {
  Words even, odd;
};
ELMAN_INLINE Mixed mixed(Words left, Words right) {
#if defined(__AVX512F__)
  return {__builtin_shufflevector(left, right, 0, 8, 2, 10, 4, 12, 6, 14),
          __builtin_shufflevector(left, right, 1, 9, 3, 11, 5, 13, 7, 15)};
#elif defined(__AVX2__)
  return {__builtin_shufflevector(left, right, 0, 4, 2, 6),
          __builtin_shufflevector(left, right, 1, 5, 3, 7)};
#else
  return {__builtin_shufflevector(left, right, 0, 2), __builtin_shufflevector(left, right, 1, 3)};
#endif
}

// All bits set where the first 24 bits of the two words of a lane reach the threshold, else none.
ELMAN_INLINE Words reaching(std::uint32_t threshold, Words first, Words second) {
  const Words both = (first & 0xFFFFFFFF) | second << 32;
  const auto bits = (Vector<std::int32_t>)((Vector<std::uint32_t>)both >> 8);
  return (Words)(bits >= static_cast<std::int32_t>(threshold));
}

// mask[u], for each u in 0…units-1, becomes 0 with probability threshold / 2^24, else 1. Nothing
// else is written. Four units share a counter: (u / 4, the step's low word and high word, stream).
template <typename Real>
void keep_mask(Real* mask, Size units, std::int64_t key, std::int64_t step, std::uint32_t stream,
               std::uint32_t threshold) {
  constexpr Size L = lanes<std::uint64_t>;
  typedef std::int32_t Flags __attribute__((vector_size(4 * lanes<Real>)));
  const auto at = static_cast<std::uint64_t>(step);
  Words counter = {};  // the even lanes count the first half of the L counters, the odd the second
  for (Size k = 0; k < L; ++k) counter[k] = static_cast<std::uint64_t>(k % 2 * (L / 2) + k / 2);

  for (Size first = 0; first < units; first += 4 * L, counter += static_cast<std::uint64_t>(L)) {
    Words a = counter, b = Words{} + at, c = Words{} + (at >> 32), d = Words{} + stream;
    philox(a, b, c, d, static_cast<std::uint64_t>(key));
    const Mixed flags = mixed(reaching(threshold, a, b), reaching(threshold, c, d));
    std::int32_t kept[4 * L];  // -1 or 0 for each unit
    __builtin_memcpy(kept, &flags, sizeof kept);
    for (Size k = 0; k < 4 * L && first + k < units; k += lanes<Real>) {
      Flags part;
      __builtin_memcpy(&part, kept + k, sizeof part);
      store(mask + first + k, __builtin_convertvector(-part, Vector<Real>), units - first - k);
    }
  }
}

}  // namespace
}  // namespace elman::ELMAN_ISA
