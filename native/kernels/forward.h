// A whole sequence forward.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "kernels/forward_scratch.h"
#include "kernels/gates.h"
#include "kernels/masks.h"
#include "kernels/parts.h"

namespace elman::ELMAN_ISA {
namespace {

template <typename Real>
class ForwardPass {
 public:
  // `first` is the first part's memory, `own` this one's.
  ForwardPass(const Forward<Real>& call, const Plan<Real>& plan, const Real* table,
              const Division& division, Arena& own, Arena& first)
      : call_(call),
        plan_(plan),
        sizes_(plan.sizes),
        table_(table),
        division_(division),
        panels_(division.of(plan.recurrent.panels())),
        input_(input_of(call, division.row_parts())),
        rows_(call.reading, division.row_part(), division.row_parts()),
        scratch_(own, call, plan.sizes, division.row_parts()),
        masks_(call.recurrence) {
    if (division.barrier == nullptr) return;
    const ForwardScratch<Real> shared(first, call, plan.sizes, 1);
    for (int k = 0; k < 2; ++k) scratch_.hidden[k] = shared.hidden[k];
  }

  bool run(const Stop& stop) {
    scratch_.read.start(rows_, call_.inputs);
    scratch_.written.start(rows_, call_.outputs);
    scratch_.keeping.start(rows_, call_.kept, sizes_.kept);
    scratch_.resets.start(rows_);
    load_state();
    if (!meet(stop)) return false;
    const Size work = (rows_.count() + 1) * (sizes_.inputs + sizes_.recurrent) * sizes_.row;
    const Size at_once = steps_between_stops(work);
    Size active = rows_.count();
    for (Size step = 0; step < rows_.longest();) {
      {
        DenormalMode scope;
        const Size end = step + at_once;
        for (; step < end && step < rows_.longest(); ++step) {
          active = rows_.active(step, active);
          take_step(step, active);
          if (!meet(stop)) return false;
        }
      }
      if (stop()) return false;
    }
    store_state();
    return true;
  }

 private:
  // All parts have done this much, where they share a state.
  bool meet(const Stop& stop) {
    return division_.barrier == nullptr || division_.barrier->meet(++turn_, stop);
  }
  // Whether this part reads and writes for all what is shared.
  bool leads() const { return division_.barrier == nullptr || division_.part == 0; }

  void load_state() {
    // Only whole rows of masks are drawn: what fills up the vectors counts as old.
    clear(scratch_.mask, sizes_.states);
    const Recurrence<Real>& what = call_.recurrence;
    if (what.zoneout_hidden != 0) clear(scratch_.zone_hidden, rows_.count() * sizes_.states);
    if (what.zoneout_cell != 0) clear(scratch_.zone_cell, rows_.count() * sizes_.units);
    const Size R = sizes_.recurrent, H = sizes_.hidden;
    for (Size i = 0; i < rows_.count(); ++i) {
      for (Real* buffer : scratch_.hidden) {
        if (leads()) clear(buffer + i * sizes_.states, sizes_.states);
      }
      if (leads() && call_.hidden != nullptr) {
        copy(scratch_.hidden[0] + i * sizes_.states, call_.hidden + rows_.row(i) * R, R);
      }
      if (what.cell != Cell::lstm) continue;
      clear(scratch_.cell + i * sizes_.units, sizes_.units);
      if (call_.cell != nullptr) {
        copy(scratch_.cell + i * sizes_.units, call_.cell + rows_.row(i) * H, H);
      }
    }
  }

  // The state alternates between two buffers: a row of length n ends in hidden[n % 2].
  void store_state() {
    for (Size i = 0; i < rows_.count(); ++i) {
      const Size row = rows_.row(i), length = rows_.length(i), R = sizes_.recurrent;
      if (call_.final_cell != nullptr) store_cell(i);
      if (!leads()) continue;
      copy(call_.final_hidden + row * R, scratch_.hidden[length % 2] + i * sizes_.states, R);
      for (Size t = length; t < call_.reading.time; ++t) {
        clear(call_.outputs.data + row * call_.outputs.row + t * call_.outputs.step, R);
      }
    }
  }

  // The units of this part's panels.
  void store_cell(Size i) {
    const Size units = plan_.recurrent.width / sizes_.gates * lanes<Real>, H = sizes_.hidden;
    const Size first = panels_.first * units, end = panels_.end * units;
    copy(call_.final_cell + rows_.row(i) * H + first, scratch_.cell + i * sizes_.units + first,
         (end < H ? end : H) - first);
  }

  void take_step(Size step, Size active) {
    step_ = prepare_step(step, active);
    if (input_ == Input::ahead && step % scratch_.ahead_steps == 0) project_ahead(step, active);
    find_inputs(step, active);
    if (sizes_.norm) {
      normalised_products(active);
    } else {
      products(active);
    }
    if (call_.recurrence.projection != nullptr) project_state(active);
  }

  Step<Real> prepare_step(Size step, Size active) {
    Real* before = scratch_.hidden[step % 2];
    const Recurrence<Real>& what = call_.recurrence;
    const bool resets = scratch_.resets.any(step);
    for (Size i = 0; i < active; ++i) {
      if (step + 2 < rows_.length(i)) fetch_row(i, step + 2);
      Real* hidden = before + i * sizes_.states;
      if (resets && scratch_.resets.at(rows_, i, step)) {
        clear(hidden, sizes_.states);
        if (what.cell == Cell::lstm) clear(scratch_.cell + i * sizes_.units, sizes_.units);
      }
      if (what.recurrent_dropout != 0) {
        Real* entering = scratch_.entering + i * sizes_.states;
        masks_.drop(entering, hidden, rows_.row(i), step, sizes_, scratch_.mask);
        hidden = entering;
      }
      if (what.zoneout_hidden != 0) {
        masks_.zone(scratch_.zone_hidden + i * sizes_.states, sizes_.recurrent, rows_.row(i), step,
                    Stream::hidden);
      }
      if (what.zoneout_cell != 0) {
        masks_.zone(scratch_.zone_cell + i * sizes_.units, sizes_.hidden, rows_.row(i), step,
                    Stream::cell);
      }
      scratch_.state_rows[i] = hidden;
      scratch_.outputs[i] = scratch_.written.at(i, step);
      if (call_.kept != nullptr) scratch_.kept[i] = scratch_.keeping.at(i, step);
    }
    return {before,
            what.recurrent_dropout != 0 ? scratch_.entering : before,
            scratch_.hidden[1 - step % 2],
            scratch_.cell,
            scratch_.fresh,
            sizes_.norm || what.projection != nullptr ? scratch_.made : nullptr,
            scratch_.reset,
            scratch_.update,
            what.zoneout_hidden != 0 ? scratch_.zone_hidden : nullptr,
            what.zoneout_cell != 0 ? scratch_.zone_cell : nullptr,
            scratch_.outputs,
            call_.kept == nullptr ? nullptr : scratch_.kept};
  }

  ELMAN_INLINE void fetch_row(Size i, Size step) const {
    fetch(scratch_.written.at(i, step), sizes_.recurrent);
    if (call_.kept != nullptr) fetch(scratch_.keeping.at(i, step), sizes_.kept);
    if (input_ == Input::fused) fetch(scratch_.read.at(i, step), sizes_.inputs);
  }

  // The inputs' products of this and some following steps.
  void project_ahead(Size first, Size active) {
    Size slots = 0;
    for (Size step = first; step < first + scratch_.ahead_steps && step < rows_.longest(); ++step) {
      active = rows_.active(step, active);
      for (Size i = 0; i < active; ++i, ++slots) {
        scratch_.slot_rows[slots] = scratch_.read.at(i, step);
        if (call_.kept != nullptr) scratch_.slot_kept[slots] = scratch_.keeping.at(i, step);
      }
    }
    project(plan_, division_.of(plan_.input.panels()), slots, scratch_.slot_rows, scratch_.ahead,
            call_.kept == nullptr ? nullptr : scratch_.slot_kept);
    next_slot_ = 0;
  }

  void find_inputs(Size step, Size active) {
    for (Size i = 0; i < active; ++i) {
      if (input_ == Input::table) {
        const Size place = rows_.row(i) * call_.reading.time + rows_.time(i, step);
        scratch_.projected[i] = table_ + call_.tokens.ids[place] * sizes_.row;
      } else if (input_ == Input::ahead) {
        scratch_.projected[i] = scratch_.ahead + next_slot_++ * sizes_.row;
      } else {
        scratch_.input_rows[i] = scratch_.read.at(i, step);
      }
    }
  }

  void products(Size active) {
    pass(plan_.recurrent, panels_, scratch_.state_rows, plan_.recurrent_gates(), active);
    if (!plan_.before()) return;
    for (Size i = 0; i < active; ++i) scratch_.state_rows[i] = step_.reset + i * sizes_.states;
    pass(plan_.candidate, {0, plan_.candidate.panels()}, scratch_.state_rows, 1, active);
  }

  // One product with the state, panel by panel: a tile's gates are finished while its sums are at
  // hand.
  void pass(const Packed<Real>& matrix, Panels wanted, const Real* const* state_rows, Size gates,
            Size active) {
    for (Size p = wanted.first; p < wanted.end;) {
      const int panels = wanted.at_once(p, active);
      const int width = matrix.width_of(p) + (panels > 1 ? matrix.width_of(p + 1) : 0);
      const Size block = p * matrix.width / gates;
      for (Tiling tiling(active, matrix.width_of(p)); tiling.next();) {
        const Size r = tiling.first(), height = tiling.size();
        const Real* projected[tall];
        find_projected(projected, r, height, p, panels, block);
        compute_panels(matrix, p, panels, height,
                       Tile<Real>{nullptr, 0, state_rows + r, 1, nullptr, 0, 0, scratch_.tile_h,
                                  wide * lanes<Real>});
        finish({r, height, block, width / gates, scratch_.tile_h, wide * lanes<Real>, projected},
               gates);
      }
      p += panels;
    }
  }

  // What the inputs add to a few rows, for the blocks of `panels` panels from `p`, block `block`
  // on.
  void find_projected(const Real** projected, Size first, Size height, Size p, int panels,
                      Size block) {
    const Size column = block * sizes_.gates * lanes<Real>;
    for (Size i = 0; i < height; ++i) {
      projected[i] = input_ == Input::fused ? scratch_.tile_x + i * wide * lanes<Real>
                                            : scratch_.projected[first + i] + column;
    }
    if (input_ != Input::fused) return;
    compute_panels(plan_.input, p, panels, height,
                   Tile<Real>{plan_.bias + column, 0, scratch_.input_rows + first, 1, nullptr, 0, 0,
                              scratch_.tile_x, wide * lanes<Real>});
  }

  void finish(const Sums<Real>& sums, Size gates) {
    switch (call_.recurrence.cell) {
      case Cell::tanh:
        return finish_simple<Cell::tanh>(plan_, step_, sums);
      case Cell::relu:
        return finish_simple<Cell::relu>(plan_, step_, sums);
      case Cell::lstm:
        return finish_lstm(plan_, step_, sums);
      case Cell::gru_after:
        return finish_gru_after(plan_, step_, sums);
      case Cell::gru_before:
        return gates == 2 ? finish_gru_gates(plan_, step_, sums)
                          : finish_gru_before(plan_, step_, sums);
    }
  }

  // With layer normalisation a row needs all its sums before any gate can be finished.
  void normalised_products(Size active) {
    const bool before = plan_.before();
    normalised_product(plan_.recurrent, plan_.recurrent_gates(), 0, active);
    if (before) {
      for (Size i = 0; i < active; ++i) scratch_.state_rows[i] = step_.reset + i * sizes_.states;
      normalised_product(plan_.candidate, 1, 2, active);
    }
    if (call_.recurrence.cell != Cell::lstm) return;
    for (Size i = 0; i < active; ++i) finish_normalised_cell(plan_, step_, i);
  }

  void normalised_product(const Packed<Real>& matrix, Size gates, Size first_gate, Size active) {
    const Size stride = gates * sizes_.units;
    multiply(matrix, active, scratch_.state_rows, static_cast<const Real*>(nullptr), 0,
             scratch_.sums, stride);
    for (Size i = 0; i < active; ++i) {
      Real* row = scratch_.sums + i * stride;
      if (gates == 3) {
        normalise_gates(row, i, gates, 0, 0, 2);
        normalise_gates(row, i, gates, 0, 2, 1);
      } else {
        normalise_gates(row, i, gates, first_gate, 0, gates);
      }
      const Real* projected = scratch_.projected[i];
      finish({i, 1, 0, sizes_.blocks, row, stride, &projected}, gates);
    }
  }

  // Normalises gates first…first+count-1 of a row [block, gates, lane], whose gates are all the
  // cell's from `offset` on, and scales them.
  void normalise_gates(Real* row, Size i, Size gates, Size offset, Size first, Size count) {
    const Group group = interleaved<Real>(sizes_.hidden, gates, first, count);
    const Real scale = centre(row, group);
    Real* kept = step_.kept == nullptr ? nullptr : step_.kept[i];
    if (kept != nullptr) kept[sizes_.scales + 2 + (offset + first > 0 ? 1 : 0)] = scale;
    for_each_vector<Real>(group, [&](Size u, Size g, Size) {
      const Size place = u * sizes_.gates + (offset + first + g) * lanes<Real>;
      Real* at = vector_of(row, group, u, g);
      const auto normal = load(at) * scale;
      if (kept != nullptr) store(kept + sizes_.unit_h + place, normal);
      store(at, normal * load(plan_.gain_h + place));
    });
  }

  void project_state(Size active) {
    for (Size i = 0; i < active; ++i) scratch_.state_rows[i] = step_.made + i * sizes_.units;
    multiply(plan_.projection, active, scratch_.state_rows, static_cast<const Real*>(nullptr), 0,
             step_.after, sizes_.states);
    for (Size i = 0; i < active; ++i) {
      for (Size unit = 0; unit < sizes_.states; unit += lanes<Real>) {
        put_out(plan_, step_, i, unit, load(step_.after + i * sizes_.states + unit));
      }
    }
  }

  const Forward<Real>& call_;
  const Plan<Real>& plan_;
  const Sizes<Real>& sizes_;
  const Real* table_;
  Division division_;
  Panels panels_;  // of the gates: this part's
  Size turn_ = 0;
  Input input_;
  Rows rows_;
  ForwardScratch<Real> scratch_;
  Masks<Real> masks_;
  Step<Real> step_;
  Size next_slot_ = 0;
};

}  // namespace
}  // namespace elman::ELMAN_ISA
