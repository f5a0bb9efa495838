// What the gates of each cell make of the sums of one step.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "kernels/activations.h"
#include "kernels/norm.h"
#include "kernels/plan.h"

namespace elman::ELMAN_ISA {
namespace {

// One step of some rows; row i of every buffer belongs to the i-th row that is read.
template <typename Real>
struct Step {
  const Real* before;       // [i, states] h(t-1)
  const Real* entering;     // [i, states] what of it enters the step: less what dropout takes
  Real* after;              // [i, states] h(t), written
  Real* cell;               // [i, units] c(t-1), becomes c(t)
  Real* fresh;              // [i, units] c(t) before zoneout: with layer normalisation only
  Real* made;               // [i, units] what is projected; the output gate with normalisation
  Real* reset;              // [i, states] r·h of a GRU that resets before
  Real* update;             // [i, units] its z
  const Real* zone_hidden;  // [i, states] the share of what is new; null: all of it
  const Real* zone_cell;    // [i, units]
  Real* const* outputs;     // [i] where h(t) is put out
  Real* const* kept;        // [i] what stays for the way back; null: nothing
};

// The sums of a few rows, for a few blocks of units: row first + i, block `block` + j stands at
// recurrent + i · stride + j · (its gates).
template <typename Real>
struct Sums {
  Size first, rows, block, blocks;
  const Real* recurrent;
  Size stride;
  const Real* const* projected;  // [i] what the inputs add, bias included, from that block on
};

// visit(i, j) for each row and block.
template <typename Real, typename Visit>
ELMAN_INLINE void for_each_block(const Sums<Real>& sums, const Visit& visit) {
  for (Size i = 0; i < sums.rows; ++i) {
    for (Size j = 0; j < sums.blocks; ++j) visit(i, j);
  }
}

// The new value where `share` is 1, the old one where it is 0, between them a mixture.
template <typename Real>
ELMAN_INLINE Vector<Real> blend(const Real* share, Vector<Real> fresh, Vector<Real> old) {
  const Vector<Real> part = load(share);
  const Vector<Real> mixed = part * fresh + (1 - part) * old;
  return part == 1 ? fresh : part == 0 ? old : mixed;
}

// h(t) of one block, where nothing is projected.
template <typename Real>
ELMAN_INLINE void put_out(const Plan<Real>& plan, const Step<Real>& step, Size i, Size unit,
                          Vector<Real> hidden) {
  const Size place = i * plan.sizes.states + unit;
  if (step.zone_hidden != nullptr) {
    hidden = blend(step.zone_hidden + place, hidden, load(step.before + place));
  }
  store(step.after + place, hidden);
  store(step.outputs[i] + unit, hidden, plan.sizes.recurrent - unit);
}

template <Cell activation, typename Real>
void finish_simple(const Plan<Real>& plan, const Step<Real>& step, const Sums<Real>& sums) {
  for_each_block(sums, [&](Size i, Size j) {
    const auto total = load(sums.recurrent + i * sums.stride + j * lanes<Real>) +
                       load(sums.projected[i] + j * lanes<Real>);
    const auto hidden = activate<activation>(total);
    const Size unit = (sums.block + j) * lanes<Real>;
    if (step.kept != nullptr && plan.sizes.kept_gates > 0) {
      store(step.kept[sums.first + i] + unit, hidden);
    }
    put_out(plan, step, sums.first + i, unit, hidden);
  });
}

template <typename Real>
void finish_lstm(const Plan<Real>& plan, const Step<Real>& step, const Sums<Real>& sums) {
  constexpr Size L = lanes<Real>;
  const Real clip = plan.what.cell_clip;
  for_each_block(sums, [&](Size i, Size j) {
    const Real* h = sums.recurrent + i * sums.stride + j * 4 * L;
    const Real* x = sums.projected[i] + j * 4 * L;
    const Size unit = (sums.block + j) * L, row = sums.first + i;
    const Size place = row * plan.sizes.units + unit;
    const Real* peephole = plan.what.peephole == nullptr ? nullptr : plan.peephole + unit;
    auto in = load(x) + load(h), forget = load(x + L) + load(h + L);
    auto out = load(x + 3 * L) + load(h + 3 * L);
    const auto candidate = tangent(load(x + 2 * L) + load(h + 2 * L));
    const auto before = load(step.cell + place);
    if (peephole != nullptr) {
      in += load(peephole) * before;
      forget += load(peephole + plan.sizes.units) * before;
    }
    Vector<Real> open[] = {in, forget, out};
    if (peephole == nullptr) {
      logistic(open);
      out = open[2];
    } else {  // the output gate waits for the cell
      Vector<Real> first[] = {in, forget};
      logistic(first);
      open[0] = first[0];
      open[1] = first[1];
    }
    in = open[0];
    forget = open[1];
    auto cell = forget * before + in * candidate;
    if (clip > 0) {
      cell = cell > clip ? Vector<Real>{} + clip : cell;
      cell = cell < -clip ? Vector<Real>{} - clip : cell;
    }
    if (peephole != nullptr) out = logistic(out + load(peephole + 2 * plan.sizes.units) * cell);
    const auto state =
        step.zone_cell == nullptr ? cell : blend(step.zone_cell + place, cell, before);
    store(step.cell + place, state);
    if (step.kept != nullptr) {
      Real* kept = step.kept[row] + unit * 5;
      store(kept, in);
      store(kept + L, forget);
      store(kept + 2 * L, candidate);
      store(kept + 3 * L, out);
      store(kept + 4 * L, state);
    }
    if (plan.sizes.norm) {
      store(step.fresh + place, cell);
      store(step.made + place, out);
    } else if (step.made != nullptr) {
      store(step.made + place, out * tangent(cell));
    } else {
      put_out(plan, step, row, unit, out * tangent(cell));
    }
  });
}

// The end of an LSTM's step with layer normalisation: o · tanh(norm(c)).
template <typename Real>
void finish_normalised_cell(const Plan<Real>& plan, const Step<Real>& step, Size row) {
  const Sizes<Real>& sizes = plan.sizes;
  Real* seen = step.fresh + row * sizes.units;
  const Real scale = centre(seen, sectioned(sizes.hidden, sizes.units, 1));
  for (Size unit = 0; unit < sizes.units; unit += lanes<Real>) {
    const auto normal = load(seen + unit) * scale;
    const auto cell =
        normal * load(plan.norm_cell + unit) + load(plan.norm_cell + sizes.units + unit);
    Real* made = step.made + row * sizes.units + unit;
    const auto hidden = load(made) * tangent(cell);
    if (plan.what.projection != nullptr) {
      store(made, hidden);
    } else {
      put_out(plan, step, row, unit, hidden);
    }
  }
}

template <typename Real>
void finish_gru_after(const Plan<Real>& plan, const Step<Real>& step, const Sums<Real>& sums) {
  constexpr Size L = lanes<Real>;
  for_each_block(sums, [&](Size i, Size j) {
    const Real* h = sums.recurrent + i * sums.stride + j * 3 * L;
    const Real* x = sums.projected[i] + j * 3 * L;
    const Size unit = (sums.block + j) * L, row = sums.first + i;
    Vector<Real> open[] = {load(x) + load(h), load(x + L) + load(h + L)};
    logistic(open);
    const auto reset = open[0], update = open[1];
    const auto inside = load(h + 2 * L) + load(plan.recurrent_bias + unit);
    const auto candidate = tangent(load(x + 2 * L) + reset * inside);
    const auto before = load(step.entering + row * plan.sizes.states + unit);
    if (step.kept != nullptr) {
      Real* kept = step.kept[row] + unit * 4;
      store(kept, reset);
      store(kept + L, update);
      store(kept + 2 * L, candidate);
      store(kept + 3 * L, inside);
    }
    put_out(plan, step, row, unit, (1 - update) * candidate + update * before);
  });
}

// The first half of a GRU's step that resets before: r and z, and r·h for the second product.
template <typename Real>
void finish_gru_gates(const Plan<Real>& plan, const Step<Real>& step, const Sums<Real>& sums) {
  constexpr Size L = lanes<Real>;
  for_each_block(sums, [&](Size i, Size j) {
    const Real* h = sums.recurrent + i * sums.stride + j * 2 * L;
    const Real* x = sums.projected[i] + j * 3 * L;
    const Size unit = (sums.block + j) * L, row = sums.first + i;
    const Size place = row * plan.sizes.states + unit;
    Vector<Real> open[] = {load(x) + load(h), load(x + L) + load(h + L)};
    logistic(open);
    const auto reset = open[0], update = open[1];
    store(step.reset + place, reset * load(step.entering + place));
    store(step.update + row * plan.sizes.units + unit, update);
    if (step.kept != nullptr) {
      store(step.kept[row] + unit * 3, reset);
      store(step.kept[row] + unit * 3 + L, update);
    }
  });
}

template <typename Real>
void finish_gru_before(const Plan<Real>& plan, const Step<Real>& step, const Sums<Real>& sums) {
  constexpr Size L = lanes<Real>;
  for_each_block(sums, [&](Size i, Size j) {
    const Size unit = (sums.block + j) * L, row = sums.first + i;
    const auto total =
        load(sums.recurrent + i * sums.stride + j * L) + load(sums.projected[i] + (j * 3 + 2) * L);
    const auto candidate = tangent(total);
    const auto update = load(step.update + row * plan.sizes.units + unit);
    const auto before = load(step.entering + row * plan.sizes.states + unit);
    if (step.kept != nullptr) store(step.kept[row] + unit * 3 + 2 * L, candidate);
    put_out(plan, step, row, unit, (1 - update) * candidate + update * before);
  });
}

}  // namespace
}  // namespace elman::ELMAN_ISA
