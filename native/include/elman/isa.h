// The kernels of each instruction set, and which of them this machine can run.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "elman/tape.h"

namespace elman {

template <typename Real>
struct Kernels {
  // Of each: the work itself, the bytes of its workspace, and the threads that are worth using of
  // `wanted` ones. The latter two read sizes only.
  bool (*dense)(const Dense<Real>&);
  std::size_t (*dense_workspace)(const Dense<Real>&);
  Share (*dense_threads)(const Dense<Real>&, std::ptrdiff_t wanted);
  bool (*attention)(const Attention<Real>&);
  std::size_t (*attention_workspace)(const Attention<Real>&);
  Share (*attention_threads)(const Attention<Real>&, std::ptrdiff_t wanted);
  bool (*forward)(const Forward<Real>&);
  std::size_t (*forward_workspace)(const Forward<Real>&);
  Share (*forward_threads)(const Forward<Real>&, std::ptrdiff_t wanted);
  bool (*backward)(const Backward<Real>&);
  std::size_t (*backward_workspace)(const Backward<Real>&);
  Share (*backward_threads)(const Backward<Real>&, std::ptrdiff_t wanted);

  // Packs weight and bias of a dense layer into 64-byte aligned memory: what Dense::prepared takes.
  void (*prepare_dense)(const Dense<Real>&, void* memory);
  std::size_t (*prepared_dense_bytes)(const Dense<Real>&);
  // Entries of Forward::kept: the same for every instruction set.
  std::size_t (*kept_size)(const Recurrence<Real>&, const Reading&);
  // Packs the weights into 64-byte aligned memory: what Forward::prepared takes as long as the
  // weights stay as they are.
  void (*prepare)(const Recurrence<Real>&, void* memory);
  std::size_t (*prepared_bytes)(const Recurrence<Real>&);
  // What each row of an embedding [V, I] adds to the gates, into 64-byte aligned memory: what
  // Tokens::table takes.
  void (*tabulate)(const Recurrence<Real>&, const void* prepared, std::ptrdiff_t vocabulary,
                   const Real* embedding, Real* table);
  std::size_t (*table_bytes)(const Recurrence<Real>&, std::ptrdiff_t vocabulary);

  // Tapes: as forward and backward above.
  bool (*tape_forward)(const TapeForward<Real>&);
  std::size_t (*tape_forward_workspace)(const TapeForward<Real>&);
  Share (*tape_forward_threads)(const TapeForward<Real>&, std::ptrdiff_t wanted);
  bool (*tape_backward)(const TapeBackward<Real>&);
  std::size_t (*tape_backward_workspace)(const TapeBackward<Real>&);
  Share (*tape_backward_threads)(const TapeBackward<Real>&, std::ptrdiff_t wanted);
  // Entries of TapeForward::kept: the same for every instruction set.
  std::size_t (*tape_kept_size)(const TapeProgram&, const Reading&);
  // Packs the weights into 64-byte aligned memory of `tape_prepared_bytes`, with scratch memory of
  // `tape_index_bytes`.
  void (*tape_prepare)(const TapeProgram&, const Real* const* weights, void* index, void* memory);
  std::size_t (*tape_prepared_bytes)(const TapeProgram&);
  std::size_t (*tape_index_bytes)(const TapeProgram&);

  void (*cell_step)(const CellStep<Real>&);
  void (*cell_step_back)(const CellStepBack<Real>&);
};

struct Isa {
  const char* name;  // "portable", "avx2" (with FMA), "avx512" (F, DQ, BW, VL) or "neon"
  Kernels<float> single;
  Kernels<double> twice;

  // weights[k] = e^values[k], 0 where that is too small for a normal number; gives their sum, in an
  // order that depends on `count` only. Values are at most 0; NaN gives NaN.
  double (*powers)(const double* values, std::ptrdiff_t count, double* weights);
  // Takes the greatest of the values from each, and goes on as `powers`; NaN if that is not finite.
  double (*weigh)(double* values, std::ptrdiff_t count, double* weights);

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
// null past the end. There is always a first one, "portable", whose bits are the same on every
// processor.
const Isa* available_isa(std::size_t k);

}  // namespace elman
