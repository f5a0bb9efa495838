// The kernels of each instruction set, and which of them this machine can run.
#pragma once

#include <cstddef>

#include "elman/contract.h"

namespace elman {

template <typename Real>
struct Kernels {
  bool (*dense)(const Dense<Real>&);
  std::size_t (*dense_workspace)(const Dense<Real>&);  // bytes; reads the sizes only
  bool (*simple_forward)(const SimpleForward<Real>&);
  bool (*simple_backward)(const SimpleBackward<Real>&);
  std::size_t (*simple_workspace)(const Reading&);  // bytes, of forward and of backward
};

struct Isa {
  const char* name;  // "generic", "avx2" (with FMA) or "avx512" (F, DQ, BW, VL)
  Kernels<float> single;
  Kernels<double> twice;

  template <typename Real>
  const Kernels<Real>& kernels() const {
    if constexpr (sizeof(Real) == sizeof(float)) {
      return single;
    } else {
      return twice;
    }
  }
};

// The k-th instruction set that processor and operating system support, the most capable last;
// null past the end. There is always a first one, "generic".
const Isa* available_isa(std::size_t k);

}  // namespace elman
