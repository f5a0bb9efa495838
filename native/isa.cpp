#include "elman/isa.h"

namespace elman {

namespace generic {
extern const Isa isa;
}
#ifdef __x86_64__
namespace avx2 {
extern const Isa isa;
}
namespace avx512 {
extern const Isa isa;
}
#endif

const Isa* available_isa(std::size_t k) {
  const Isa* found[3] = {&generic::isa, nullptr, nullptr};
#ifdef __x86_64__
  // These ask the processor and whether the system saves the wide registers.
  __builtin_cpu_init();
  std::size_t count = 1;
  const bool fma = __builtin_cpu_supports("fma");
  if (fma && __builtin_cpu_supports("avx2")) found[count++] = &avx2::isa;
  if (fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    found[count++] = &avx512::isa;
  }
#endif
  return k < 3 ? found[k] : nullptr;
}

}  // namespace elman
