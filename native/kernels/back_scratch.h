// The buffers of a pass backwards.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "kernels/back_plan.h"

namespace elman::ELMAN_ISA {
namespace {

// Rows and steps ("slots") whose deltas are gathered before they meet inputs and states in
// products over all of them: many, so that the totals are seldom read and written, but no more
// than the cache holds.
template <typename Real>
Size slots_of(const Backward<Real>& call, Size parts) {
  constexpr Size most = 256, least = 64, bytes = 400 * 1024;
  const Recurrence<Real>& what = call.recurrence;
  const Size row = (what.inputs + what.recurrent + 1) * static_cast<Size>(sizeof(Real));
  Size slots = bytes / row;
  slots = slots > most ? most : slots < least ? least : slots;
  const Size rows = rows_of_part(call.reading, parts);
  const Size all = rows * call.reading.time;
  slots = slots > all ? all : slots;
  return slots < rows ? rows : slots;
}

// The buffers of one part of the rows.
template <typename Real>
struct BackScratch {
  Size slots,
      stride;  // of deltas: a few entries more than a row, so that columns share no cache set
  // Deltas [slot, stride]: all sections, those that meet the inputs, h(t-1), and r·h(t-1).
  Real *deltas, *deltas_x, *deltas_seen, *deltas_h;
  Real *inputs, *projected;
  Packed<Real> slot_inputs, slot_states, slot_seen, slot_made;  // [slot, …]
  Real *carry, *carry_cell, *grad, *grad_made, *entering, *old, *grad_seen, *seen;
  Real *zone_hidden, *zone_cell, *mask, *fresh, *seen_cell, *through_norm, *made;
  const Real **rows, **slot_rows;
  Real** slot_outputs;
  Cursor<const Real> inputs_read, outputs_read, kept_read, grads_read;
  Cursor<Real> grads_written;
  Resets resets;

  BackScratch(Arena& arena, const Backward<Real>& call, const BackPlan<Real>& plan, Size parts)
      : slots(slots_of(call, parts)),
        stride(plan.sections.count * plan.sizes.units + 16),
        deltas(arena.take<Real>(slots * stride)),
        deltas_x(plan.sizes.norm ? arena.take<Real>(slots * stride) : deltas),
        deltas_seen(plan.sizes.norm ? arena.take<Real>(slots * stride) : deltas),
        deltas_h(deltas_seen + first_of_h(plan)),
        inputs(arena.take<Real>(plan.input.depth > 0 ? slots * up_to(plan.sizes.inputs, lanes<Real>)
                                                     : 0)),
        projected(arena.take<Real>(plan.projection.depth > 0 ? slots * plan.sizes.states : 0)),
        slot_inputs(arena, slots, plan.vectors(plan.sizes.inputs)),
        slot_states(arena, slots, plan.vectors(plan.sizes.recurrent)),
        slot_seen(arena, plan.candidate.depth > 0 ? slots : 0, plan.vectors(plan.sizes.recurrent)),
        slot_made(arena, plan.projection.depth > 0 ? slots : 0, plan.sizes.blocks),
        inputs_read(arena, rows_of_part(call.reading, parts)),
        outputs_read(arena, rows_of_part(call.reading, parts)),
        kept_read(arena, rows_of_part(call.reading, parts)),
        grads_read(arena, rows_of_part(call.reading, parts)),
        grads_written(arena, rows_of_part(call.reading, parts)),
        resets(arena, call.reading) {
    const Size n = rows_of_part(call.reading, parts);
    const Sizes<Real>& sizes = plan.sizes;
    carry = arena.take<Real>(n * sizes.states);
    carry_cell = arena.take<Real>(n * sizes.units);
    grad = arena.take<Real>(n * sizes.states);
    grad_made = arena.take<Real>(n * sizes.units);
    entering = arena.take<Real>(n * sizes.states);
    old = arena.take<Real>(n * sizes.states);
    grad_seen = arena.take<Real>(plan.candidate.depth > 0 ? n * sizes.states : 0);
    seen = arena.take<Real>(sizes.states);
    zone_hidden = arena.take<Real>(sizes.states);
    zone_cell = arena.take<Real>(sizes.units);
    mask = arena.take<Real>(sizes.states);
    fresh = arena.take<Real>(sizes.units);
    seen_cell = arena.take<Real>(sizes.units);
    through_norm = arena.take<Real>(sizes.units);
    made = arena.take<Real>(sizes.units);
    rows = arena.take<const Real*>(n);
    slot_rows = arena.take<const Real*>(slots);
    slot_outputs = arena.take<Real*>(slots);
  }

  // Normalised deltas have a row of their own, where only r·h(t-1)'s come before h(t-1)'s.
  static Size first_of_h(const BackPlan<Real>& plan) {
    const bool alone = plan.sizes.norm && plan.candidate.depth == 0;
    return alone ? 0 : plan.sections.first_h * plan.sizes.units;
  }
};

}  // namespace
}  // namespace elman::ELMAN_ISA
