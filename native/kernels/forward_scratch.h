// What the parts of a pass forward have for themselves, and how the inputs' products are taken.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "elman/parallel.h"
#include "kernels/norm.h"
#include "kernels/plan.h"

namespace elman::ELMAN_ISA {
namespace {

// Rows and steps whose inputs are multiplied at once, where that is done ahead of the recurrence:
// more where the weights are too large to stay near, for then each reading of them counts.
template <typename Real>
Size slots_ahead(const Sizes<Real>& sizes) {
  constexpr Size near = 512 << 10;  // bytes
  const Size weights = sizes.inputs * sizes.row * static_cast<Size>(sizeof(Real));
  return weights > near ? 192 : 48;
}

// How a pass is divided among threads: by the rows of the batch; or, where they are fewer than the
// threads, by hidden units. All parts then read all rows and meet after each step.
struct Division {
  Size part, parts;
  Barrier* barrier;  // null where rows are divided

  Size row_part() const { return barrier == nullptr ? part : 0; }
  Size row_parts() const { return barrier == nullptr ? parts : 1; }
  Panels of(Size panels) const {
    if (barrier == nullptr) return {0, panels};
    return {panels * part / parts, panels * (part + 1) / parts};
  }
};

// Whether units are what is divided: a step must be one product, and the state only its own.
template <typename Real>
bool units_divided(const Forward<Real>& call, Size parts) {
  const Recurrence<Real>& what = call.recurrence;
  return parts > call.reading.batch && call.reading.batch > 0 && call.reading.resets == nullptr &&
         what.projection == nullptr && what.norm_ih == nullptr && what.cell != Cell::gru_before;
}

// How the inputs' products are taken.
enum class Input {
  fused,  // with the recurrent product, tile by tile: nothing is written to memory
  ahead,  // for a few steps at once: the weights are read once for all of them
  table,  // for each word of the vocabulary, once
};

template <typename Real>
Input input_of(const Forward<Real>& call, Size parts) {
  if (call.tokens.ids != nullptr) return Input::table;
  const Recurrence<Real>& what = call.recurrence;
  const bool few_rows = what.inputs > 2 * rows_of_part(call.reading, parts);
  const bool apart = what.norm_ih != nullptr || what.cell == Cell::gru_before;
  return few_rows || apart ? Input::ahead : Input::fused;
}

// Takes inputs for the gates of some panels: product and bias, normalised where the weights say so.
template <typename Real>
void project(const Plan<Real>& plan, Panels panels, Size count, const Real* const* rows, Real* out,
             Real* const* kept) {
  const Sizes<Real>& sizes = plan.sizes;
  multiply(plan.input, panels, count, rows, sizes.norm ? nullptr : plan.bias, 0, out, sizes.row);
  if (!sizes.norm) return;
  for (Size i = 0; i < count; ++i) {
    Real* row = out + i * sizes.row;
    const Size groups = sizes.gates == 3 ? 2 : 1;
    for (Size g = 0; g < groups; ++g) {
      const Size gates = groups == 1 ? sizes.gates : 2 - g;
      const Group group = interleaved<Real>(sizes.hidden, sizes.gates, 2 * g, gates);
      const Real scale = centre(row, group);
      if (kept != nullptr) kept[i][sizes.scales + g] = scale;
      for_each_vector<Real>(group, [&](Size u, Size gate, Size) {
        const Size place = vector_of(row, group, u, gate) - row;
        const auto normal = load(row + place) * scale;
        if (kept != nullptr) store(kept[i] + sizes.unit_x + place, normal);
        store(row + place, normal * load(plan.gain_x + place) + load(plan.bias + place));
      });
    }
  }
}

// The buffers of one part of the rows.
template <typename Real>
struct ForwardScratch {
  Real *hidden[2], *cell, *entering, *fresh, *made, *reset, *update;
  Real *zone_hidden, *zone_cell;
  Real *mask, *ahead, *tile_x, *tile_h, *sums;
  const Real **slot_rows, **input_rows, **state_rows, **projected;
  Cursor<const Real> read;
  Cursor<Real> written, keeping;
  Resets resets;
  Real **outputs, **kept, **slot_kept;
  Size ahead_steps;

  ForwardScratch(Arena& arena, const Forward<Real>& call, const Sizes<Real>& sizes, Size parts)
      : read(arena, rows_of_part(call.reading, parts)),
        written(arena, rows_of_part(call.reading, parts)),
        keeping(arena, rows_of_part(call.reading, parts)),
        resets(arena, call.reading) {
    const Recurrence<Real>& what = call.recurrence;
    const Size n = rows_of_part(call.reading, parts);
    const auto states = [&](bool wanted) {
      return arena.take<Real>(wanted ? n * sizes.states : 0);
    };
    const auto units = [&](bool wanted) { return arena.take<Real>(wanted ? n * sizes.units : 0); };
    const bool lstm = what.cell == Cell::lstm, before = what.cell == Cell::gru_before;
    for (Real*& buffer : hidden) buffer = states(true);
    cell = units(lstm);
    entering = states(what.recurrent_dropout != 0);
    fresh = units(lstm && sizes.norm);
    made = units(what.projection != nullptr || (lstm && sizes.norm));
    reset = states(before);
    update = units(before);
    zone_hidden = states(what.zoneout_hidden != 0);
    zone_cell = units(what.zoneout_cell != 0);
    mask = arena.take<Real>(sizes.states);
    const bool is_ahead = input_of(call, parts) == Input::ahead;
    ahead_steps = n == 0 ? 1 : (slots_ahead(sizes) + n - 1) / n;
    const Size slots = is_ahead ? ahead_steps * n : 0;
    ahead = arena.take<Real>(slots * sizes.row);
    tile_x = arena.take<Real>(tall * wide * lanes<Real>);
    tile_h = arena.take<Real>(tall * wide * lanes<Real>);
    sums = arena.take<Real>(sizes.norm ? n * sizes.row : 0);
    slot_rows = arena.take<const Real*>(slots);
    input_rows = arena.take<const Real*>(n);
    state_rows = arena.take<const Real*>(n);
    projected = arena.take<const Real*>(n);
    outputs = arena.take<Real*>(n);
    kept = arena.take<Real*>(n);
    slot_kept = arena.take<Real*>(slots);
  }
};

}  // namespace
}  // namespace elman::ELMAN_ISA
