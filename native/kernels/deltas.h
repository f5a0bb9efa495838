// The gradients through the gates of each cell at one step of one row.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "kernels/activations.h"
#include "kernels/back_plan.h"
#include "kernels/norm.h"

namespace elman::ELMAN_ISA {
namespace {

// One row at one step, on the way back.
template <typename Real>
struct BackStep {
  const Real* grad;         // the gradient by h(t) as the cell made it (by o·tanh(c) if projected)
  const Real* entering;     // h(t-1) as it entered the step
  const Real* kept;         // what the forward pass kept
  const Real* kept_before;  // of the step before; null at the first one
  const Real* first_cell;   // the initial c, at the first step; null for zeros
  const Real* outputs;      // h(t)
  Real* carry;              // the gradient by h(t-1) that goes through no product: a GRU's, written
  Real* carry_cell;         // the gradient by c(t), becomes the one by c(t-1)
  const Real* zone_cell;    // the share of what was new; null: all
  Real* deltas;             // [sections, units], written
  Real* made;               // o·tanh(c), written if it is projected; else null
  Real* seen;               // r·h(t-1), written by a GRU that resets before
  Real* fresh;              // [units] scratch: the normalised cell
  Real* seen_cell;          // [units] scratch: tanh of it, scaled
  Real* through_norm;       // [units] scratch: the gradient by c through its normalisation
};

template <Cell activation, typename Real>
void simple_deltas(const BackPlan<Real>& plan, const BackStep<Real>& step) {
  for (Size unit = 0; unit < plan.sizes.units; unit += lanes<Real>) {
    const auto hidden = plan.sizes.kept_gates > 0
                            ? load(step.kept + unit)
                            : load(step.outputs + unit, plan.sizes.hidden - unit);
    store(step.deltas + unit, load(step.grad + unit) * slope<activation>(hidden));
  }
}

template <typename Real>
ELMAN_INLINE Vector<Real> cell_before(const BackPlan<Real>& plan, const BackStep<Real>& step,
                                      Size unit) {
  if (step.kept_before != nullptr) return load(step.kept_before + unit * 5 + 4 * lanes<Real>);
  if (step.first_cell == nullptr) return Vector<Real>{};
  return load(step.first_cell + unit, plan.sizes.hidden - unit);
}

template <typename Real>
struct FreshCell {
  Vector<Real> before, raw, value;
};

// c(t) as the step made it: before zoneout, and before and after the clip.
template <typename Real>
ELMAN_INLINE FreshCell<Real> fresh_cell(const BackPlan<Real>& plan, const BackStep<Real>& step,
                                        Size unit) {
  constexpr Size L = lanes<Real>;
  const Real* kept = step.kept + unit * 5;
  const Real clip = plan.what.cell_clip;
  FreshCell<Real> cell;
  cell.before = cell_before(plan, step, unit);
  cell.value = load(kept + 4 * L);
  cell.raw = cell.value;
  if (clip > 0 || step.zone_cell != nullptr) {
    cell.raw = load(kept + L) * cell.before + load(kept) * load(kept + 2 * L);
    cell.value = cell.raw;
    if (clip > 0) {
      cell.value = cell.value > clip ? Vector<Real>{} + clip : cell.value;
      cell.value = cell.value < -clip ? Vector<Real>{} - clip : cell.value;
    }
  }
  return cell;
}

// The gradient by c(t) through its normalisation; `seen_cell` becomes tanh of what was normalised.
template <typename Real>
void through_normalised_cell(const BackPlan<Real>& plan, const BackStep<Real>& step,
                             Totals<Real>& totals) {
  constexpr Size L = lanes<Real>;
  const Sizes<Real>& sizes = plan.sizes;
  const Group group = sectioned(sizes.hidden, sizes.units, 1);
  for (Size unit = 0; unit < sizes.units; unit += L) {
    store(step.fresh + unit, fresh_cell(plan, step, unit).value);
  }
  const Real scale = centre(step.fresh, group);
  for (Size unit = 0; unit < sizes.units; unit += L) {
    const auto gain = load(plan.norm_cell + unit), normal = load(step.fresh + unit) * scale;
    const auto value = tangent(normal * gain + load(plan.norm_cell + sizes.units + unit));
    store(step.fresh + unit, normal);
    store(step.seen_cell + unit, value);
    const auto grad =
        load(step.grad + unit) * load(step.kept + unit * 5 + 3 * L) * (1 - value * value);
    Real* of_gain = totals.norm_cell + unit;
    store(of_gain, load(of_gain) + grad * normal);
    store(of_gain + sizes.units, load(of_gain + sizes.units) + grad);
    store(step.through_norm + unit, grad * gain);
  }
  normalise_back(step.through_norm, group, static_cast<const Real*>(step.fresh), group, scale);
}

template <typename Real>
void lstm_deltas(const BackPlan<Real>& plan, const BackStep<Real>& step, Totals<Real>& totals) {
  constexpr Size L = lanes<Real>;
  const Size units = plan.sizes.units;
  if (plan.sizes.norm) through_normalised_cell(plan, step, totals);
  for (Size unit = 0; unit < units; unit += L) {
    const Real* kept = step.kept + unit * 5;
    const auto in = load(kept), forget = load(kept + L), candidate = load(kept + 2 * L);
    const auto out = load(kept + 3 * L), grad = load(step.grad + unit);
    const FreshCell<Real> cell = fresh_cell(plan, step, unit);
    const auto seen = plan.sizes.norm ? load(step.seen_cell + unit) : tangent(cell.value);
    if (step.made != nullptr) store(step.made + unit, out * seen);

    const auto delta_out = grad * seen * out * (1 - out);
    auto by_cell =
        plan.sizes.norm ? load(step.through_norm + unit) : grad * out * (1 - seen * seen);
    const auto later = load(step.carry_cell + unit);
    auto carry = Vector<Real>{};
    if (step.zone_cell == nullptr) {
      by_cell += later;
    } else {
      const auto share = load(step.zone_cell + unit);
      by_cell += share * later;
      carry = (1 - share) * later;
    }
    const Real* peephole = plan.what.peephole == nullptr ? nullptr : plan.peephole + unit;
    if (peephole != nullptr) by_cell += delta_out * load(peephole + 2 * units);
    if (plan.what.cell_clip > 0) {  // a clipped cell no longer depends on what made it
      const auto size = cell.raw < 0 ? -cell.raw : cell.raw;
      by_cell = size > plan.what.cell_clip ? Vector<Real>{} : by_cell;
    }
    const auto delta_in = by_cell * candidate * in * (1 - in);
    const auto delta_forget = by_cell * cell.before * forget * (1 - forget);
    carry += by_cell * forget;
    if (peephole != nullptr) {
      carry += delta_in * load(peephole) + delta_forget * load(peephole + units);
      Real* total = totals.peephole + unit;
      store(total, load(total) + delta_in * cell.before);
      store(total + units, load(total + units) + delta_forget * cell.before);
      store(total + 2 * units, load(total + 2 * units) + delta_out * cell.value);
    }
    store(step.carry_cell + unit, carry);
    store(step.deltas + unit, delta_in);
    store(step.deltas + units + unit, delta_forget);
    store(step.deltas + 2 * units + unit, by_cell * in * (1 - candidate * candidate));
    store(step.deltas + 3 * units + unit, delta_out);
  }
}

template <typename Real>
void gru_after_deltas(const BackPlan<Real>& plan, const BackStep<Real>& step) {
  constexpr Size L = lanes<Real>;
  const Size units = plan.sizes.units;
  for (Size unit = 0; unit < units; unit += L) {
    const Real* kept = step.kept + unit * 4;
    const auto reset = load(kept), update = load(kept + L), candidate = load(kept + 2 * L);
    const auto before = load(step.entering + unit), grad = load(step.grad + unit);
    const auto delta = grad * (1 - update) * (1 - candidate * candidate);
    store(step.deltas + unit, delta);
    store(step.deltas + units + unit, delta * load(kept + 3 * L) * reset * (1 - reset));
    store(step.deltas + 2 * units + unit, grad * (before - candidate) * update * (1 - update));
    store(step.deltas + 3 * units + unit, delta * reset);
    store(step.carry + unit, grad * update);
  }
}

// The candidate and z of a GRU that resets before; r waits for the product with the candidate.
template <typename Real>
void gru_before_deltas(const BackPlan<Real>& plan, const BackStep<Real>& step) {
  constexpr Size L = lanes<Real>;
  const Size units = plan.sizes.units;
  for (Size unit = 0; unit < units; unit += L) {
    const Real* kept = step.kept + unit * 3;
    const auto update = load(kept + L), candidate = load(kept + 2 * L);
    const auto before = load(step.entering + unit), grad = load(step.grad + unit);
    store(step.seen + unit, load(kept) * before);
    store(step.deltas + unit, grad * (1 - update) * (1 - candidate * candidate));
    store(step.deltas + 2 * units + unit, grad * (before - candidate) * update * (1 - update));
    store(step.carry + unit, grad * update);
  }
}

// `grad_seen`: the gradient by r·h, from the candidate's product.
template <typename Real>
void gru_reset_deltas(const BackPlan<Real>& plan, const BackStep<Real>& step,
                      const Real* grad_seen) {
  const Size units = plan.sizes.units;
  for (Size unit = 0; unit < units; unit += lanes<Real>) {
    const auto reset = load(step.kept + unit * 3), by_seen = load(grad_seen + unit);
    const auto before = load(step.entering + unit);
    store(step.deltas + units + unit, by_seen * before * reset * (1 - reset));
    store(step.carry + unit, load(step.carry + unit) + by_seen * reset);
  }
}

}  // namespace
}  // namespace elman::ELMAN_ISA
