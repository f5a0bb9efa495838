// Starts the driver of one instruction set's activations, unless the processor lacks it: exits with
// 77 then, with 1 where something failed. The argument "exhaustive" is handed on.
//
// Compiled without the flags of the instruction set, and from C's library alone: in that of C++ are
// inline functions, of which the linker may keep the driver's, made of the very instructions that
// this file asks for.
#include <cstdio>
#include <cstring>

#include "elman/isa.h"

#define ELMAN_NAME_OF(isa) #isa
#define ELMAN_NAME(isa) ELMAN_NAME_OF(isa)

namespace elman::ELMAN_ISA {
int test_activations(bool exhaustive);
}

int main(int count, char** words) {
  const char* wanted = ELMAN_NAME(ELMAN_ISA);
  for (std::size_t k = 0; const elman::Isa* isa = elman::available_isa(k); ++k) {
    if (std::strcmp(isa->name, wanted) != 0) continue;
    const bool exhaustive = count > 1 && std::strcmp(words[1], "exhaustive") == 0;
    return elman::ELMAN_ISA::test_activations(exhaustive) == 0 ? 0 : 1;
  }
  std::printf("this processor lacks %s\n", wanted);
  return 77;
}
