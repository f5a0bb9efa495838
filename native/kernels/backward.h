// A whole sequence backwards.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "kernels/back_scratch.h"
#include "kernels/deltas.h"
#include "kernels/masks.h"
#include "kernels/parts.h"

namespace elman::ELMAN_ISA {
namespace {

template <typename Real>
class BackPass {
 public:
  BackPass(const Backward<Real>& call, const BackPlan<Real>& plan, const Totals<Real>& totals,
           Size part, Size parts, Arena& arena)
      : call_(call),
        plan_(plan),
        sizes_(plan.sizes),
        totals_(totals),
        rows_(call.reading, part, parts),
        scratch_(arena, call, plan, parts),
        masks_(call.recurrence) {}

  bool run(const Stop& stop) {
    scratch_.inputs_read.start(rows_, call_.inputs);
    scratch_.outputs_read.start(rows_, call_.outputs);
    scratch_.kept_read.start(rows_, call_.kept, sizes_.kept);
    scratch_.grads_read.start(rows_, call_.grad_outputs);
    scratch_.grads_written.start(rows_, call_.grad_inputs);
    scratch_.resets.start(rows_);
    rows_.longest() == 0 ? totals_.clear() : totals_.clear_sums();
    load_carry();
    const Size work = 3 * (rows_.count() + 1) * (sizes_.inputs + sizes_.recurrent) * sizes_.row;
    const Size at_once = steps_between_stops(work);
    for (Size step = rows_.longest(); step > 0;) {
      {
        DenormalMode scope;
        const Size end = step > at_once ? step - at_once : 0;
        while (step > end) take_step(--step);
        if (step == 0) add_up();
      }
      if (stop()) return false;
    }
    store_carry();
    return true;
  }

 private:
  void load_carry() {
    const Size R = sizes_.recurrent, H = sizes_.hidden, n = rows_.count();
    clear(scratch_.carry, n * sizes_.states);
    clear(scratch_.carry_cell, n * sizes_.units);
    clear(scratch_.zone_hidden, sizes_.states);
    clear(scratch_.zone_cell, sizes_.units);
    clear(scratch_.mask, sizes_.states);
    for (Size i = 0; i < n; ++i) {
      if (call_.grad_final_hidden != nullptr) {
        copy(scratch_.carry + i * sizes_.states, call_.grad_final_hidden + rows_.row(i) * R, R);
      }
      if (call_.grad_final_cell != nullptr) {
        copy(scratch_.carry_cell + i * sizes_.units, call_.grad_final_cell + rows_.row(i) * H, H);
      }
    }
  }

  void store_carry() {
    const Size R = sizes_.recurrent, H = sizes_.hidden;
    for (Size i = 0; i < rows_.count(); ++i) {
      const Size row = rows_.row(i);
      if (call_.grad_hidden != nullptr) {
        copy(call_.grad_hidden + row * R, scratch_.carry + i * sizes_.states, R);
      }
      if (call_.grad_cell != nullptr) {
        copy(call_.grad_cell + row * H, scratch_.carry_cell + i * sizes_.units, H);
      }
      if (call_.grad_inputs.data == nullptr) continue;
      for (Size t = rows_.length(i); t < call_.reading.time; ++t) {
        clear(call_.grad_inputs.data + row * call_.grad_inputs.row + t * call_.grad_inputs.step,
              sizes_.inputs);
      }
    }
  }

  void take_step(Size step) {
    active_ = rows_.active(step, rows_.count());
    if (used_ + active_ > scratch_.slots) add_up();
    for (Size i = 0; i < active_; ++i) {
      if (step >= 2) fetch_row(i, step - 2);
      gather(i, step);
    }
    if (plan_.projection.depth > 0) unproject();
    for (Size i = 0; i < active_; ++i) through_gates(i, step);
    if (plan_.candidate.depth > 0) through_candidate(step);
    through_recurrent(step);
    for (Size i = 0; i < active_; ++i) into_the_past(i, step);
    used_ += active_;
  }

  Real* deltas(Real* base, Size i) const { return base + (used_ + i) * scratch_.stride; }
  bool first(Size i, Size step) const { return step == 0 || scratch_.resets.at(rows_, i, step); }

  ELMAN_INLINE void fetch_row(Size i, Size step) const {
    fetch(scratch_.kept_read.at(i, step), sizes_.kept);
    fetch(scratch_.outputs_read.at(i, step), sizes_.recurrent);
    fetch(scratch_.inputs_read.at(i, step), sizes_.inputs);
    if (call_.grad_outputs.data != nullptr) {
      fetch(scratch_.grads_read.at(i, step), sizes_.recurrent);
    }
  }

  // Inputs, the state before and the gradient by the state after, of one row at one step.
  void gather(Size i, Size step) {
    const Size slot = used_ + i, R = sizes_.recurrent, states = sizes_.states;
    const Real* inputs = scratch_.inputs_read.at(i, step);
    scratch_.slot_inputs.put_row(slot, [&](Size v) {
      return load(inputs + v * lanes<Real>, sizes_.inputs - v * lanes<Real>);
    });
    if (call_.grad_inputs.data != nullptr) {
      scratch_.slot_outputs[slot] = scratch_.grads_written.at(i, step);
    }
    gather_state(i, step, scratch_.entering + i * states);
    keep_vectors(scratch_.slot_states, slot, scratch_.entering + i * states);
    const bool by_output = call_.grad_outputs.data != nullptr;
    const Real* grad_outputs = by_output ? scratch_.grads_read.at(i, step) : nullptr;
    Real* carry = scratch_.carry + i * states;
    Real* grad = scratch_.grad + i * states;
    Real* old = scratch_.old + i * states;
    const bool zone = call_.recurrence.zoneout_hidden != 0;
    if (zone) masks_.zone(scratch_.zone_hidden, R, rows_.row(i), step, Stream::hidden);
    for (Size unit = 0; unit < states; unit += lanes<Real>) {
      auto total = load(carry + unit);
      if (by_output) total += load(grad_outputs + unit, R - unit);
      if (zone) {
        const auto share = load(scratch_.zone_hidden + unit);
        store(old + unit, (1 - share) * total);
        total *= share;
      }
      store(grad + unit, total);
    }
  }

  // h(t-1) as it entered the step.
  void gather_state(Size i, Size step, Real* entering) {
    const Real* before = nullptr;
    if (!first(i, step)) {
      before = scratch_.outputs_read.at(i, step - 1);
    } else if (!scratch_.resets.at(rows_, i, step) && call_.hidden != nullptr) {
      before = call_.hidden + rows_.row(i) * sizes_.recurrent;
    }
    for (Size unit = 0; unit < sizes_.states; unit += lanes<Real>) {
      store(entering + unit,
            before == nullptr ? Vector<Real>{} : load(before + unit, sizes_.recurrent - unit));
    }
    if (before != nullptr && call_.recurrence.recurrent_dropout != 0) {
      masks_.drop(entering, entering, rows_.row(i), step, sizes_, scratch_.mask);
    }
  }

  // The gradient by what was projected.
  void unproject() {
    for (Size i = 0; i < active_; ++i) {
      scratch_.rows[i] = scratch_.grad + i * sizes_.states;
      copy(scratch_.projected + (used_ + i) * sizes_.states, scratch_.grad + i * sizes_.states,
           sizes_.states);
    }
    multiply(plan_.projection, active_, scratch_.rows, static_cast<const Real*>(nullptr), 0,
             scratch_.grad_made, sizes_.units);
  }

  BackStep<Real> back_step(Size i, Size step) {
    const bool projected = plan_.projection.depth > 0, begins = first(i, step);
    const bool initial = begins && !scratch_.resets.at(rows_, i, step) && call_.cell != nullptr;
    return {projected ? scratch_.grad_made + i * sizes_.units : scratch_.grad + i * sizes_.states,
            scratch_.entering + i * sizes_.states,
            scratch_.kept_read.at(i, step),
            begins ? nullptr : scratch_.kept_read.at(i, step - 1),
            initial ? call_.cell + rows_.row(i) * sizes_.hidden : nullptr,
            scratch_.outputs_read.at(i, step),
            scratch_.carry + i * sizes_.states,
            scratch_.carry_cell + i * sizes_.units,
            call_.recurrence.zoneout_cell != 0 ? scratch_.zone_cell : nullptr,
            deltas(scratch_.deltas, i),
            projected ? scratch_.made : nullptr,
            scratch_.seen,
            scratch_.fresh,
            scratch_.seen_cell,
            scratch_.through_norm};
  }

  void through_gates(Size i, Size step) {
    if (call_.recurrence.zoneout_cell != 0) {
      masks_.zone(scratch_.zone_cell, sizes_.hidden, rows_.row(i), step, Stream::cell);
    }
    const BackStep<Real> back = back_step(i, step);
    switch (call_.recurrence.cell) {
      case Cell::tanh:
        simple_deltas<Cell::tanh>(plan_, back);
        break;
      case Cell::relu:
        simple_deltas<Cell::relu>(plan_, back);
        break;
      case Cell::lstm:
        lstm_deltas(plan_, back, totals_);
        break;
      case Cell::gru_after:
        gru_after_deltas(plan_, back);
        break;
      case Cell::gru_before:
        gru_before_deltas(plan_, back);
        keep_vectors(scratch_.slot_seen, used_ + i, scratch_.seen);
        break;
    }
    if (back.made != nullptr) keep_vectors(scratch_.slot_made, used_ + i, scratch_.made);
  }

  static void keep_vectors(const Packed<Real>& packed, Size slot, const Real* values) {
    packed.put_row(slot, [&](Size v) { return load(values + v * lanes<Real>); });
  }

  // A GRU that resets before: through the candidate's product, then through r.
  void through_candidate(Size step) {
    const Size units = sizes_.units;
    for (Size i = 0; i < active_; ++i) {
      if (sizes_.norm) {
        through_norm(deltas(scratch_.deltas, i), deltas(scratch_.deltas_seen, i), 1, plan_.gain_h,
                     totals_.gain_h, scratch_.kept_read.at(i, step), sizes_.unit_h, 2, 3);
      }
      scratch_.rows[i] = deltas(scratch_.deltas_seen, i);
    }
    multiply(plan_.candidate, active_, scratch_.rows, static_cast<const Real*>(nullptr), 0,
             scratch_.grad_seen, units);
    for (Size i = 0; i < active_; ++i) {
      gru_reset_deltas(plan_, back_step(i, step), scratch_.grad_seen + i * units);
    }
  }

  void through_recurrent(Size step) {
    for (Size i = 0; i < active_; ++i) {
      if (sizes_.norm) through_norms(i, scratch_.kept_read.at(i, step));
      scratch_.rows[i] = deltas(scratch_.deltas_h, i);
    }
    multiply(plan_.recurrent, active_, scratch_.rows,
             is_gru(plan_.what.cell) ? static_cast<const Real*>(scratch_.carry) : nullptr,
             sizes_.states, scratch_.carry, sizes_.states);
  }

  // From the deltas of a row to those of the products before their normalisation.
  void through_norms(Size i, const Real* kept) {
    const Size units = sizes_.units;
    Real* from = deltas(scratch_.deltas, i);
    Real* x = deltas(scratch_.deltas_x, i);
    Real* h = deltas(scratch_.deltas_h, i);
    const Real *gain_x = plan_.gain_x, *gain_h = plan_.gain_h;
    if (!is_gru(plan_.what.cell)) {
      through_norm(from, x, sizes_.gates, gain_x, totals_.gain_x, kept, sizes_.unit_x, 0, 0);
      through_norm(from, h, sizes_.gates, gain_h, totals_.gain_h, kept, sizes_.unit_h, 0, 2);
      return;
    }
    through_norm(from, x, 1, gain_x, totals_.gain_x, kept, sizes_.unit_x, 2, 1);
    through_norm(from + units, x + units, 2, gain_x + units, totals_.gain_x + units, kept,
                 sizes_.unit_x, 0, 0);
    const Size skipped = plan_.candidate.depth > 0 ? units : 0;  // the candidate's, done before
    through_norm(from + units, h, 2, gain_h + skipped, totals_.gain_h + skipped, kept,
                 sizes_.unit_h, 0, 2);
    if (skipped == 0) {
      through_norm(from + 3 * units, h + 2 * units, 1, gain_h + 2 * units,
                   totals_.gain_h + 2 * units, kept, sizes_.unit_h, 2, 3);
    }
  }

  // `count` sections whose gates begin with `gate`, through one group's normalisation, whose
  // results were kept at `unit` and whose scale is the `scale`-th.
  void through_norm(const Real* from, Real* to, Size count, const Real* gain, Real* total_gain,
                    const Real* kept, Size unit, Size gate, Size scale) {
    const Group sections = sectioned(sizes_.hidden, sizes_.units, count);
    const Group gates = interleaved<Real>(sizes_.hidden, sizes_.gates, gate, count);
    for_each_vector<Real>(sections, [&](Size u, Size g, Size) {
      const Size place = g * sizes_.units + u;
      const auto delta = load(from + place);
      const auto normal = load(vector_of(kept + unit, gates, u, g));
      store(total_gain + place, load(total_gain + place) + delta * normal);
      store(to + place, delta * load(gain + place));
    });
    normalise_back(to, sections, kept + unit, gates, kept[sizes_.scales + scale]);
  }

  // The gradient by the state before the step, as it was before dropout, zoneout and reset.
  void into_the_past(Size i, Size step) {
    Real* carry = scratch_.carry + i * sizes_.states;
    if (call_.recurrence.recurrent_dropout != 0) {
      masks_.drop(carry, carry, rows_.row(i), step, sizes_, scratch_.mask);
    }
    if (call_.recurrence.zoneout_hidden != 0) {
      const Real* old = scratch_.old + i * sizes_.states;
      for (Size unit = 0; unit < sizes_.states; unit += lanes<Real>) {
        store(carry + unit, load(carry + unit) + load(old + unit));
      }
    }
    if (scratch_.resets.at(rows_, i, step)) {
      clear(carry, sizes_.states);
      clear(scratch_.carry_cell + i * sizes_.units, sizes_.units);
    }
  }

  // Products over all slots, added to the totals; then the slots are free again.
  void add_up() {
    const Sections& sections = plan_.sections;
    outer(scratch_.deltas_x, sizes_.gates, scratch_.slot_inputs, totals_.weight_ih);
    outer(scratch_.deltas_h, sections.count_h, scratch_.slot_states, totals_.weight_hh);
    if (plan_.candidate.depth > 0) {
      outer(scratch_.deltas_seen, 1, scratch_.slot_seen, totals_.candidate);
    }
    if (plan_.projection.depth > 0) {
      outer_rows(scratch_.projected, sizes_.states, sizes_.recurrent, scratch_.slot_made,
                 totals_.projection);
    }
    for (Size j = 0; j < sections.count * sizes_.units; j += lanes<Real>) {
      auto total = load(totals_.deltas + j);
      for (Size k = 0; k < used_; ++k) total += load(scratch_.deltas + k * scratch_.stride + j);
      store(totals_.deltas + j, total);
    }
    if (call_.grad_inputs.data != nullptr) inputs_back();
    used_ = 0;
    added_ = true;
  }

  void outer(const Real* left, Size sections, const Packed<Real>& right, Real* total) {
    const Size columns = right.vectors * lanes<Real>;
    for (Size k = 0; k < sections; ++k) {
      outer_rows(left + k * sizes_.units, scratch_.stride, sizes_.hidden, right,
                 total + k * sizes_.hidden * columns);
    }
  }

  // total [count, columns of right] += leftᵀ · right over the slots.
  void outer_rows(const Real* left, Size stride, Size count, const Packed<Real>& right,
                  Real* total) {
    const Size columns = right.vectors * lanes<Real>;
    for (Tiling tiling(count); tiling.next();) {
      const Real* rows[tall];
      for (Size r = 0; r < tiling.size(); ++r) rows[r] = left + tiling.first() + r;
      for (Size p = 0; p < right.panels(); ++p) {
        Real* sums = total + tiling.first() * columns + p * right.width * lanes<Real>;
        const Real* before = added_ ? sums : nullptr;
        compute(Tile<Real>{before, columns, rows, stride, right.panel(p), right.depth, used_, sums,
                           columns},
                tiling.size(), right.width_of(p));
      }
    }
  }

  void inputs_back() {
    const Size stride = up_to(sizes_.inputs, lanes<Real>);
    for (Size k = 0; k < used_; ++k) {
      scratch_.slot_rows[k] = scratch_.deltas_x + k * scratch_.stride;
    }
    multiply(plan_.input, used_, scratch_.slot_rows, static_cast<const Real*>(nullptr), 0,
             scratch_.inputs, stride);
    for (Size k = 0; k < used_; ++k) {
      copy(scratch_.slot_outputs[k], scratch_.inputs + k * stride, sizes_.inputs);
    }
  }

  const Backward<Real>& call_;
  const BackPlan<Real>& plan_;
  const Sizes<Real>& sizes_;
  Totals<Real> totals_;
  Rows rows_;
  BackScratch<Real> scratch_;
  Masks<Real> masks_;
  Size active_ = 0;     // rows at this step
  Size used_ = 0;       // slots that wait to be added up
  bool added_ = false;  // once: until then the totals of products hold nothing
};

}  // namespace
}  // namespace elman::ELMAN_ISA
