// Single steps of cells, by addresses: what surrounds them takes longer than they do.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>

#include "elman/contract.h"
#include "elman/isa.h"

namespace elman::python {

namespace nb = nanobind;
using Address = std::uintptr_t;  // of dense memory, which the caller has checked; 0 for none

inline Cell stepped_cell(int cell) {
  const auto found = static_cast<Cell>(cell);
  if (found != Cell::lstm && found != Cell::gru_after) throw nb::value_error("no such cell");
  return found;
}

template <typename Real>
void cell_step(const Kernels<Real>& kernels, int cell, std::ptrdiff_t rows, std::ptrdiff_t hidden,
               Address gates, Address recurrent, Address bias, Address second_bias, Address before,
               Address seen, Address final_hidden, Address final_cell) {
  CellStep<Real> step{};
  step.cell = stepped_cell(cell);
  step.rows = rows;
  step.hidden = hidden;
  step.gates = reinterpret_cast<Real*>(gates);
  step.recurrent = reinterpret_cast<Real*>(recurrent);
  step.bias = reinterpret_cast<const Real*>(bias);
  step.second_bias = reinterpret_cast<const Real*>(second_bias);
  step.before = reinterpret_cast<const Real*>(before);
  step.seen = reinterpret_cast<Real*>(seen);
  step.final_hidden = reinterpret_cast<Real*>(final_hidden);
  step.final_cell = reinterpret_cast<Real*>(final_cell);
  kernels.cell_step(step);
}

template <typename Real>
void cell_step_back(const Kernels<Real>& kernels, int cell, std::ptrdiff_t rows,
                    std::ptrdiff_t hidden, Address gates, Address recurrent, Address before,
                    Address seen, Address grad_hidden, Address grad_cell, Address deltas,
                    Address recurrent_deltas, Address carry) {
  CellStepBack<Real> step{};
  step.cell = stepped_cell(cell);
  step.rows = rows;
  step.hidden = hidden;
  step.gates = reinterpret_cast<const Real*>(gates);
  step.recurrent = reinterpret_cast<const Real*>(recurrent);
  step.before = reinterpret_cast<const Real*>(before);
  step.seen = reinterpret_cast<const Real*>(seen);
  step.grad_hidden = reinterpret_cast<const Real*>(grad_hidden);
  step.grad_cell = reinterpret_cast<const Real*>(grad_cell);
  step.deltas = reinterpret_cast<Real*>(deltas);
  step.recurrent_deltas = reinterpret_cast<Real*>(recurrent_deltas);
  step.carry = reinterpret_cast<Real*>(carry);
  kernels.cell_step_back(step);
}

}  // namespace elman::python
