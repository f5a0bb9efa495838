// The dense layer.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "kernels/products.h"

namespace elman::ELMAN_ISA {
namespace {

template <typename Real>
std::size_t dense_workspace(const Dense<Real>& call) {
  Arena arena(nullptr);
  take_packed<Real>(arena, call.depth, call.columns);
  return arena.used();
}

template <typename Real>
bool dense(const Dense<Real>& call) {
  constexpr Size rows_between_stops = 1024;
  Arena arena(call.workspace);
  Real* packed = take_packed<Real>(arena, call.depth, call.columns);
  pack(packed, call.weight, call.depth, call.columns, 1, call.depth);
  for (Size first = 0; first < call.rows; first += rows_between_stops) {
    const Size left = call.rows - first;
    const Size count = left < rows_between_stops ? left : rows_between_stops;
    const Real* inputs = call.inputs + first * call.depth;
    Real* outputs = call.outputs + first * call.columns;
    {
      DenormalsAreZero scope;
      multiply(
          count, packed, call.depth, call.columns,
          [&](Size row) { return inputs + row * call.depth; },
          [&](Size row, Size column, Size entries, Vector<Real> sum) {
            if (call.bias != nullptr) sum += load(call.bias + column, entries);
            store(outputs + row * call.columns + column, sum, entries);
          });
    }
    if (call.stop()) return false;
  }
  return true;
}

}  // namespace
}  // namespace elman::ELMAN_ISA
