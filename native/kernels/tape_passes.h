// Both ways through a tape, in parts.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/tape.h"
#include "kernels/parts.h"
#include "kernels/tape_backward.h"
#include "kernels/tape_forward.h"

namespace elman::ELMAN_ISA {
namespace {

inline Share tape_threads(const TapeProgram& program, const Reading& reading, Size wanted) {
  const auto steps = static_cast<double>(reading.batch) * static_cast<double>(reading.time);
  return useful_threads(wanted, reading.batch, steps * static_cast<double>(tape_work(program)));
}

inline std::size_t tape_kept_size(const TapeProgram& program, const Reading& reading) {
  return static_cast<std::size_t>(kept_header + reading.batch * kept_of_row(program, reading.time));
}

// What a layout and the places of packed weights take.
template <typename Real>
std::size_t tape_index_bytes(const TapeProgram& program) {
  Arena arena(nullptr);
  TapeLayout<Real> layout(arena, program);
  TapeWeights<Real>(arena, nullptr, layout);
  return arena.used();
}

template <typename Real>
std::size_t tape_prepared_bytes(const TapeProgram& program) {
  Arena arena(nullptr);
  TapeLayout<Real> layout(arena, program);
  return TapeWeights<Real>(arena, nullptr, layout).bytes;
}

// Packs weights; `index` is scratch memory of `tape_index_bytes`.
template <typename Real>
void tape_prepare(const TapeProgram& program, const Real* const* weights, void* index,
                  void* memory) {
  Arena arena(index);
  TapeLayout<Real> layout(arena, program);
  TapeWeights<Real>(arena, memory, layout).fill(weights);
}

// ---- forward ------------------------------------------------------------------------------------

template <typename Real>
Size tape_forward_part(const TapeForward<Real>& call) {
  Arena index(nullptr), arena(nullptr);
  TapeLayout<Real> layout(index, *call.program);
  TapeForwardPass<Real>(call, layout, 0, call.threads->count(), arena);
  return static_cast<Size>(arena.used());
}

template <typename Real>
std::size_t tape_forward_workspace(const TapeForward<Real>& call) {
  Arena arena(nullptr);
  arena.take<char>(static_cast<Size>(tape_index_bytes<Real>(*call.program)));
  if (call.prepared == nullptr) {
    arena.take<char>(static_cast<Size>(tape_prepared_bytes<Real>(*call.program)));
  }
  arena.take<char>(tape_forward_part(call) * call.threads->count());
  return arena.used();
}

template <typename Real>
Share tape_forward_threads(const TapeForward<Real>& call, Size wanted) {
  return tape_threads(*call.program, call.reading, wanted);
}

template <typename Real>
bool tape_forward(const TapeForward<Real>& call) {
  const TapeProgram& program = *call.program;
  Arena arena(call.workspace);
  Arena index(arena.take<char>(static_cast<Size>(tape_index_bytes<Real>(program))));
  TapeLayout<Real> layout(index, program);
  void* memory = const_cast<void*>(call.prepared);
  if (memory == nullptr) {
    memory = arena.take<char>(static_cast<Size>(tape_prepared_bytes<Real>(program)));
  }
  TapeWeights<Real> weights(index, memory, layout);
  if (call.prepared == nullptr) weights.fill(call.weights);
  const Size bytes = tape_forward_part(call);
  char* scratch = arena.take<char>(bytes * call.threads->count());
  if (call.kept != nullptr) call.kept[0] = static_cast<Real>(call.threads->count());
  return in_parts(*call.threads, call.stop, [&](Size part, Size parts, const Stop& stop) {
    Arena own(scratch + part * bytes);
    TapeForwardPass<Real>(call, layout, part, parts, own).run(weights, stop);
  });
}

// ---- backward -----------------------------------------------------------------------------------

template <typename Real>
Size tape_parts(const TapeBackward<Real>& call) {
  return static_cast<Size>(call.kept[0]);
}

template <typename Real>
Size tape_backward_part(const TapeBackward<Real>& call) {
  Arena index(nullptr), arena(nullptr);
  TapeLayout<Real> layout(index, *call.program);
  TapeBackPass<Real>(call, layout, 0, tape_parts(call), nullptr, arena);
  return static_cast<Size>(arena.used());
}

template <typename Real>
std::size_t tape_backward_workspace(const TapeBackward<Real>& call) {
  Arena arena(nullptr);
  arena.take<char>(static_cast<Size>(tape_index_bytes<Real>(*call.program)));
  arena.take<char>(static_cast<Size>(tape_prepared_bytes<Real>(*call.program)));
  arena.take<Real>(up_to(total_entries<Real>(*call.program), widest) * tape_parts(call));
  arena.take<char>(tape_backward_part(call) * call.threads->count());
  return arena.used();
}

template <typename Real>
Share tape_backward_threads(const TapeBackward<Real>& call, Size wanted) {
  const Size parts = tape_parts(call);
  return tape_threads(*call.program, call.reading, wanted < parts ? wanted : parts);
}

template <typename Real>
void tape_write_totals(const TapeBackward<Real>& call, const Real* totals, Size stride) {
  const TapeProgram& program = *call.program;
  const Size parts = tape_parts(call);
  for (Size w = 0; w < program.weight_sizes.count; ++w) {
    clear(call.grad_weights[w], program.weight_sizes[w]);
  }
  const auto add = [&](Real* to, const Real* from, Size count) {
    for (Size u = 0; u < count; ++u) {
      Real all = from[u];
      for (Size p = 1; p < parts; ++p) all += from[p * stride + u];
      to[u] += all;
    }
  };
  for (const TapeOuter& outer : program.outers) {
    const Size count = program.section_size[outer.delta];
    const Size columns = value_size(program, outer), row = value_row<Real>(program, outer);
    for (Size r = 0; r < count; ++r, totals += row) {
      add(call.grad_weights[outer.weight] + (outer.row + r) * columns, totals, columns);
    }
  }
  for (const TapeSum& sum : program.sums) {
    add(call.grad_weights[sum.weight] + sum.entry, totals, program.section_size[sum.delta]);
    totals += padded<Real>(program, sum.delta);
  }
}

template <typename Real>
bool tape_backward(const TapeBackward<Real>& call) {
  const TapeProgram& program = *call.program;
  Arena arena(call.workspace);
  Arena index(arena.take<char>(static_cast<Size>(tape_index_bytes<Real>(program))));
  TapeLayout<Real> layout(index, program);
  void* memory = arena.take<char>(static_cast<Size>(tape_prepared_bytes<Real>(program)));
  TapeWeights<Real> weights(index, memory, layout);
  weights.fill(call.weights);
  const Size parts = tape_parts(call), stride = up_to(total_entries<Real>(program), widest);
  Real* totals = arena.take<Real>(stride * parts);
  const Size bytes = tape_backward_part(call);
  char* scratch = arena.take<char>(bytes * call.threads->count());
  const bool done =
      in_parts(*call.threads, call.stop, [&](Size thread, Size threads, const Stop& stop) {
        for (Size part = thread; part < parts; part += threads) {
          Arena own(scratch + thread * bytes);
          TapeBackPass<Real> pass(call, layout, part, parts, totals + part * stride, own);
          if (!pass.run(weights, stop)) return;
        }
      });
  if (!done) return false;
  tape_write_totals(call, totals, stride);
  return true;
}

}  // namespace
}  // namespace elman::ELMAN_ISA
