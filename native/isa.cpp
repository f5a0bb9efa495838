#include "elman/isa.h"

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

const Isa* available_isa(std::size_t k) {
  const Isa* found[3] = {&portable::isa, nullptr, nullptr};
#if defined(__x86_64__)
  // These ask the processor and whether the system saves the wide registers.
  __builtin_cpu_init();
  std::size_t count = 1;
  const bool fma = __builtin_cpu_supports("fma");
  if (fma && __builtin_cpu_supports("avx2")) found[count++] = &avx2::isa;
  if (fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    found[count++] = &avx512::isa;
  }
#elif defined(__aarch64__)
  found[1] = &neon::isa;  // no processor of this kind is without
#endif
  return k < 3 ? found[k] : nullptr;
}

}  // namespace elman
