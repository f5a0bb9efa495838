// One step of a cell whose products were taken elsewhere, and its way back.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include "elman/contract.h"
#include "kernels/activations.h"

namespace elman::ELMAN_ISA {
namespace {

// visit(row, unit, left) for each vector of units of each row; `left` of them are real.
template <typename Real, typename Visit>
ELMAN_INLINE void for_each_vector(Size rows, Size units, const Visit& visit) {
  DenormalMode scope;
  for (Size row = 0; row < rows; ++row) {
    for (Size unit = 0; unit < units; unit += lanes<Real>) visit(row, unit, units - unit);
  }
}

// A bias's entries at `unit`; zeros if there is none.
template <typename Real>
ELMAN_INLINE Vector<Real> bias_at(const Real* bias, Size unit, Size left) {
  return bias == nullptr ? Vector<Real>{} : load(bias + unit, left);
}

template <typename Real>
void lstm_step(const CellStep<Real>& step) {
  const Size H = step.hidden;
  for_each_vector<Real>(step.rows, H, [&](Size row, Size unit, Size left) {
    Real* gates = step.gates + row * 4 * H + unit;
    Vector<Real> sum[4];
    for (int k = 0; k < 4; ++k) {
      sum[k] = load(gates + k * H, left) + (bias_at(step.bias, k * H + unit, left) +
                                            bias_at(step.second_bias, k * H + unit, left));
    }
    Vector<Real> open[] = {sum[0], sum[1], sum[3]};
    logistic(open);
    const auto candidate = tangent(sum[2]);
    const Size place = row * H + unit;
    const auto cell = open[1] * load(step.before + place, left) + open[0] * candidate;
    const auto seen = tangent(cell);
    store(gates, open[0], left);
    store(gates + H, open[1], left);
    store(gates + 2 * H, candidate, left);
    store(gates + 3 * H, open[2], left);
    store(step.seen + place, seen, left);
    store(step.final_cell + place, cell, left);
    store(step.final_hidden + place, open[2] * seen, left);
  });
}

template <typename Real>
void gru_step(const CellStep<Real>& step) {
  const Size H = step.hidden;
  for_each_vector<Real>(step.rows, H, [&](Size row, Size unit, Size left) {
    Real* gates = step.gates + row * 3 * H + unit;
    Real* recurrent = step.recurrent + row * 3 * H + unit;
    Vector<Real> by_inputs[3], by_state[3];
    for (int k = 0; k < 3; ++k) {
      by_inputs[k] = load(gates + k * H, left) + bias_at(step.bias, k * H + unit, left);
      by_state[k] = load(recurrent + k * H, left) + bias_at(step.second_bias, k * H + unit, left);
    }
    Vector<Real> open[] = {by_inputs[0] + by_state[0], by_inputs[1] + by_state[1]};
    logistic(open);
    const auto candidate = tangent(by_inputs[2] + open[0] * by_state[2]);
    const Size place = row * H + unit;
    store(gates, open[0], left);
    store(gates + H, open[1], left);
    store(gates + 2 * H, candidate, left);
    store(recurrent + 2 * H, by_state[2], left);
    const auto before = load(step.before + place, left);
    store(step.final_hidden + place, (1 - open[1]) * candidate + open[1] * before, left);
  });
}

template <typename Real>
void cell_step(const CellStep<Real>& step) {
  step.cell == Cell::lstm ? lstm_step(step) : gru_step(step);
}

// A gradient's entries; zeros where there is none.
template <typename Real>
ELMAN_INLINE Vector<Real> grad_at(const Real* grad, Size place, Size left) {
  return grad == nullptr ? Vector<Real>{} : load(grad + place, left);
}

template <typename Real>
void lstm_step_back(const CellStepBack<Real>& step) {
  const Size H = step.hidden;
  for_each_vector<Real>(step.rows, H, [&](Size row, Size unit, Size left) {
    const Real* gates = step.gates + row * 4 * H + unit;
    const auto in = load(gates, left), forget = load(gates + H, left);
    const auto candidate = load(gates + 2 * H, left), out = load(gates + 3 * H, left);
    const Size place = row * H + unit;
    const auto seen = load(step.seen + place, left), grad = grad_at(step.grad_hidden, place, left);
    const auto by_cell = grad_at(step.grad_cell, place, left) + grad * out * (1 - seen * seen);
    Real* deltas = step.deltas + row * 4 * H + unit;
    const auto before = load(step.before + place, left);
    store(deltas, by_cell * candidate * in * (1 - in), left);
    store(deltas + H, by_cell * before * forget * (1 - forget), left);
    store(deltas + 2 * H, by_cell * in * (1 - candidate * candidate), left);
    store(deltas + 3 * H, grad * seen * out * (1 - out), left);
    store(step.carry + place, by_cell * forget, left);
  });
}

template <typename Real>
void gru_step_back(const CellStepBack<Real>& step) {
  const Size H = step.hidden;
  for_each_vector<Real>(step.rows, H, [&](Size row, Size unit, Size left) {
    const Real* gates = step.gates + row * 3 * H + unit;
    const auto reset = load(gates, left), update = load(gates + H, left);
    const auto candidate = load(gates + 2 * H, left);
    const auto inside = load(step.recurrent + row * 3 * H + 2 * H + unit, left);
    const Size place = row * H + unit;
    const auto before = load(step.before + place, left);
    const auto grad = grad_at(step.grad_hidden, place, left);
    const auto delta = grad * (1 - update) * (1 - candidate * candidate);
    const auto by_reset = delta * inside * reset * (1 - reset);
    const auto by_update = grad * (before - candidate) * update * (1 - update);
    Real* deltas = step.deltas + row * 3 * H + unit;
    Real* recurrent = step.recurrent_deltas + row * 3 * H + unit;
    store(deltas, by_reset, left);
    store(deltas + H, by_update, left);
    store(deltas + 2 * H, delta, left);
    store(recurrent, by_reset, left);
    store(recurrent + H, by_update, left);
    store(recurrent + 2 * H, delta * reset, left);
    store(step.carry + place, grad * update, left);
  });
}

template <typename Real>
void cell_step_back(const CellStepBack<Real>& step) {
  step.cell == Cell::lstm ? lstm_step_back(step) : gru_step_back(step);
}

}  // namespace
}  // namespace elman::ELMAN_ISA
