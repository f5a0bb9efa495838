// The kernels, compiled once for each instruction set from this one text.
//
// ELMAN_ISA names the instruction set and the namespace. Everything but the table at the end has
// internal linkage, and no library header with code in it is included: an inline function that
// two of these objects shared would be merged by the linker, possibly into the wide version, which
// a smaller processor cannot run.
#include "elman/isa.h"
#include "kernels/attention.h"
#include "kernels/cell_step.h"
#include "kernels/dense.h"
#include "kernels/passes.h"
#include "kernels/tape_passes.h"
#include "kernels/weighing.h"

#define ELMAN_NAME_OF(isa) #isa
#define ELMAN_NAME(isa) ELMAN_NAME_OF(isa)

namespace elman::ELMAN_ISA {
namespace {

template <typename Real>
constexpr Kernels<Real> kernels = {dense<Real>,
                                   dense_workspace<Real>,
                                   dense_threads<Real>,
                                   attention<Real>,
                                   attention_workspace<Real>,
                                   attention_threads<Real>,
                                   forward<Real>,
                                   forward_workspace<Real>,
                                   forward_threads<Real>,
                                   backward<Real>,
                                   backward_workspace<Real>,
                                   backward_threads<Real>,
                                   prepare_dense<Real>,
                                   prepared_dense_bytes<Real>,
                                   kept_size<Real>,
                                   prepare<Real>,
                                   prepared_bytes<Real>,
                                   tabulate<Real>,
                                   table_bytes<Real>,
                                   tape_forward<Real>,
                                   tape_forward_workspace<Real>,
                                   tape_forward_threads<Real>,
                                   tape_backward<Real>,
                                   tape_backward_workspace<Real>,
                                   tape_backward_threads<Real>,
                                   tape_kept_size,
                                   tape_prepare<Real>,
                                   tape_prepared_bytes<Real>,
                                   tape_index_bytes<Real>,
                                   cell_step<Real>,
                                   cell_step_back<Real>};

}  // namespace

extern const Isa isa;
constinit const Isa isa = {ELMAN_NAME(ELMAN_ISA), kernels<float>, kernels<double>, powers, weigh};

}  // namespace elman::ELMAN_ISA
