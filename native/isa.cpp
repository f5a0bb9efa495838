#include "elman/isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace elman {

namespace portable {
extern const Isa isa;
}
#if defined(__x86_64__)
namespace avx2 {
extern const Isa isa;
}
namespace avx512 {
extern const Isa isa;
}
#elif defined(__aarch64__)
namespace neon {
extern const Isa isa;
}
#endif

namespace {

#if defined(__x86_64__)
struct Levels {
  bool avx2 = false;
  bool avx512 = false;
};

bool has(unsigned found, unsigned wanted) {
  return (found & wanted) == wanted;
}

// Asks the processor, and whether the system saves the wide registers. Not by
// __builtin_cpu_supports, which says no to all of it where Zig links.
Levels ask() {
  unsigned a, b, c, d, saved, unused;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, bit_OSXSAVE | bit_FMA)) return {};
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return {};
  __asm__("xgetbv" : "=a"(saved), "=d"(unused) : "c"(0));
  const unsigned ymm = 0x6, zmm = 0xe6;  // with the narrower ones within them
  return {has(saved, ymm) && has(b, bit_AVX2),
          has(saved, zmm) && has(b, bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL)};
}
#endif

}  // namespace

const Isa* available_isa(std::size_t k) {
  const Isa* found[3] = {&portable::isa, nullptr, nullptr};
#if defined(__x86_64__)
  static const Levels levels = ask();
  std::size_t count = 1;
  if (levels.avx2) found[count++] = &avx2::isa;
  if (levels.avx512) found[count++] = &avx512::isa;
#elif defined(__aarch64__)
  found[1] = &neon::isa;  // no processor of this kind is without
#endif
  return k < 3 ? found[k] : nullptr;
}

}  // namespace elman
