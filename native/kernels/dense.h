// The dense layer.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "kernels/parts.h"
#include "kernels/products.h"

namespace elman::ELMAN_ISA {
namespace {

constexpr Size dense_rows_between_stops = 192;

template <typename Real>
struct DenseScratch {
  Packed<Real> weight;
  Real* bias;

  DenseScratch(Arena& arena, const Dense<Real>& call)
      : weight(arena, call.depth, (call.columns + lanes<Real> - 1) / lanes<Real>),
        bias(arena.take<Real>(up_to(call.columns, lanes<Real>))) {}
};

template <typename Real>
struct DensePart {
  const Real** rows;
  Real* sums;

  DensePart(Arena& arena, const Dense<Real>& call)
      : rows(arena.take<const Real*>(dense_rows_between_stops)),
        sums(arena.take<Real>(dense_rows_between_stops * up_to(call.columns, lanes<Real>))) {}
};

template <typename Real>
std::size_t dense_workspace(const Dense<Real>& call) {
  Arena arena(nullptr);
  if (call.prepared == nullptr) DenseScratch<Real>(arena, call);
  for (Size part = 0; part < call.threads->count(); ++part) DensePart<Real>(arena, call);
  return arena.used();
}

template <typename Real>
std::size_t prepared_dense_bytes(const Dense<Real>& call) {
  Arena arena(nullptr);
  DenseScratch<Real>(arena, call);
  return arena.used();
}

template <typename Real>
void pack(const DenseScratch<Real>& scratch, const Dense<Real>& call) {
  clear(scratch.bias, up_to(call.columns, lanes<Real>));
  if (call.bias != nullptr) copy(scratch.bias, call.bias, call.columns);
  pack_columns(scratch.weight,
               [&](Size j) { return j < call.columns ? call.weight + j * call.depth : nullptr; });
}

template <typename Real>
void prepare_dense(const Dense<Real>& call, void* memory) {
  Arena arena(memory);
  pack(DenseScratch<Real>(arena, call), call);
}

template <typename Real>
void dense_part(const Dense<Real>& call, const DenseScratch<Real>& scratch,
                const DensePart<Real>& own, Size first, Size end, const Stop& stop) {
  const Size stride = up_to(call.columns, lanes<Real>);
  while (first < end && !stop()) {
    const Size left = end - first;
    const Size count = left < dense_rows_between_stops ? left : dense_rows_between_stops;
    DenormalMode scope;
    for (Size i = 0; i < count; ++i) own.rows[i] = call.inputs + (first + i) * call.depth;
    multiply(scratch.weight, count, own.rows, static_cast<const Real*>(scratch.bias), 0, own.sums,
             stride);
    for (Size i = 0; i < count; ++i) {
      copy(call.outputs + (first + i) * call.columns, own.sums + i * stride, call.columns);
    }
    first += count;
  }
}

template <typename Real>
Share dense_threads(const Dense<Real>& call, Size wanted) {
  const auto work = static_cast<double>(call.depth) * static_cast<double>(call.columns);
  return useful_threads(wanted, call.rows, work * static_cast<double>(call.rows));
}

template <typename Real>
bool dense(const Dense<Real>& call) {
  Arena arena(call.workspace);
  // What was prepared is only read.
  Arena held(const_cast<void*>(call.prepared));
  DenseScratch<Real> scratch(call.prepared == nullptr ? arena : held, call);
  if (call.prepared == nullptr) pack(scratch, call);
  return in_parts(*call.threads, call.stop, [&](Size part, Size parts, const Stop& stop) {
    Arena own_arena = arena;
    for (Size k = 0; k < part; ++k) DensePart<Real>(own_arena, call);
    const DensePart<Real> own(own_arena, call);
    dense_part(call, scratch, own, call.rows * part / parts, call.rows * (part + 1) / parts, stop);
  });
}

}  // namespace
}  // namespace elman::ELMAN_ISA
