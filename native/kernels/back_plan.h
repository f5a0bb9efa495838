// What the parts of a pass backwards share, and what each of them has for itself.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "kernels/plan.h"

namespace elman::ELMAN_ISA {
namespace {

// The gradients by the gates' pre-activations ("deltas") of a row stand in sections of `units`
// entries, so that those that meet the inputs and those that meet the state are each in one piece:
//   simple: h    LSTM: i f g o    GRU, reset after: n r z m    GRU, reset before: n r z
// where n is the candidate as the inputs see it, and m as the state does (inside the reset gate).
struct Sections {
  Size count;           // of a row
  Size first_h;         // the first one that meets the state; the inputs meet the first `gates`
  Size count_h;         // of those that meet h(t-1): a GRU's candidate may meet r·h instead
  const Size* gates_x;  // which gate each is
  const Size* gates_h;
  const Size* gates_norm;  // of the recurrent deltas that are normalised, all `gates` of them

  explicit Sections(Cell cell) {
    static constexpr Size in_order[] = {0, 1, 2, 3}, candidate_first[] = {2, 0, 1};
    gates_x = is_gru(cell) ? candidate_first : in_order;
    gates_h = in_order;
    gates_norm = cell == Cell::gru_before ? candidate_first : in_order;
    count = cell == Cell::gru_after ? 4 : gates_of(cell);
    first_h = is_gru(cell) ? 1 : 0;
    count_h = cell == Cell::gru_before ? 2 : gates_of(cell);
  }
};

// The weights as the products of the way back take them.
template <typename Real>
struct BackPlan {
  const Recurrence<Real>& what;
  Sizes<Real> sizes;
  Sections sections;
  Packed<Real> input;       // [gates, I], if the gradients by the inputs are wanted
  Packed<Real> recurrent;   // [gates that meet h, R]
  Packed<Real> candidate;   // [units, R], for a GRU that resets before
  Packed<Real> projection;  // [R, H]
  Real* peephole;           // [3, units]
  Real* gain_x;             // [gates, units], in the order of the sections
  Real* gain_h;
  Real* norm_cell;  // [2, units]

  BackPlan(Arena& arena, const Backward<Real>& call)
      : what(call.recurrence),
        sizes(call.recurrence),
        sections(what.cell),
        input(arena, call.grad_inputs.data == nullptr ? 0 : sizes.row, vectors(sizes.inputs)),
        recurrent(arena, sections.count_h * sizes.units, vectors(sizes.recurrent)),
        candidate(arena, what.cell == Cell::gru_before ? sizes.units : 0, vectors(sizes.recurrent)),
        projection(arena, what.projection == nullptr ? 0 : sizes.recurrent, sizes.blocks),
        peephole(arena.take<Real>(3 * sizes.units)),
        gain_x(arena.take<Real>(sizes.norm ? sizes.row : 0)),
        gain_h(arena.take<Real>(sizes.norm ? sizes.row : 0)),
        norm_cell(arena.take<Real>(sizes.norm ? 2 * sizes.units : 0)) {}

  static Size vectors(Size columns) { return (columns + lanes<Real> - 1) / lanes<Real>; }

  void fill() {
    pack_gates(input, what.weight_ih, sizes.inputs, sections.gates_x);
    pack_gates(recurrent, what.weight_hh, sizes.recurrent, sections.gates_h);
    static constexpr Size last[] = {2};
    pack_gates(candidate, what.weight_hh, sizes.recurrent, last);
    if (what.projection != nullptr) {
      pack_rows(projection, sizes.hidden,
                [&](Size k) { return what.projection + k * sizes.hidden; });
    }
    for (Size k = 0; what.peephole != nullptr && k < 3; ++k) spread(peephole, what.peephole, k, k);
    if (!sizes.norm) return;
    for (Size k = 0; k < sizes.gates; ++k) {
      spread(gain_x, what.norm_ih, k, sections.gates_x[k]);
      spread(gain_h, what.norm_hh, k, sections.gates_norm[k]);
    }
    for (Size k = 0; what.norm_cell != nullptr && k < 2; ++k)
      spread(norm_cell, what.norm_cell, k, k);
  }

 private:
  void pack_gates(const Packed<Real>& packed, const Real* weight, Size columns, const Size* gates) {
    pack_rows(packed, columns, [&](Size k) -> const Real* {
      const Size unit = k % sizes.units;
      if (unit >= sizes.hidden) return nullptr;
      return weight + (gates[k / sizes.units] * sizes.hidden + unit) * columns;
    });
  }

  void spread(Real* to, const Real* from, Size to_row, Size from_row) {
    for (Size unit = 0; unit < sizes.units; unit += lanes<Real>) {
      store(to + to_row * sizes.units + unit,
            load(from + from_row * sizes.hidden + unit, sizes.hidden - unit));
    }
  }
};

// What one part adds up over its rows and steps; the caller joins the parts.
template <typename Real>
struct Totals {
  Real* weight_ih;   // [gates, H, I filled up], gates in the order of the sections
  Real* weight_hh;   // [gates that meet h, H, R filled up]
  Real* candidate;   // [H, R filled up]
  Real* projection;  // [R, H filled up]
  Real* deltas;      // [sections, units]
  Real* peephole;    // [3, units]
  Real* gain_x;      // [gates, units], in the order of the sections
  Real* gain_h;      // [gates, units]
  Real* norm_cell;   // [2, units]
  Real* end;

  Totals(Arena& arena, const BackPlan<Real>& plan) {
    const Sizes<Real>& sizes = plan.sizes;
    const Size x = up_to(sizes.inputs, lanes<Real>), H = sizes.hidden;
    const bool norm = sizes.norm;
    weight_ih = arena.take<Real>(sizes.gates * H * x);
    weight_hh = arena.take<Real>(plan.sections.count_h * H * sizes.states);
    candidate = arena.take<Real>(plan.what.cell == Cell::gru_before ? H * sizes.states : 0);
    projection =
        arena.take<Real>(plan.what.projection == nullptr ? 0 : sizes.recurrent * sizes.units);
    deltas = arena.take<Real>(plan.sections.count * sizes.units);
    peephole = arena.take<Real>(3 * sizes.units);
    gain_x = arena.take<Real>(norm ? sizes.row : 0);
    gain_h = arena.take<Real>(norm ? sizes.row : 0);
    norm_cell = arena.take<Real>(norm ? 2 * sizes.units : 0);
    end = arena.take<Real>(0);
  }
  Size entries() const { return end - weight_ih; }
  void clear() { elman::ELMAN_ISA::clear(weight_ih, entries()); }
  // All but the totals of products.
  void clear_sums() { elman::ELMAN_ISA::clear(deltas, end - deltas); }
  void add(const Totals& other) {
    for (Size k = 0; k < entries(); k += lanes<Real>) {
      store(weight_ih + k, load(weight_ih + k) + load(other.weight_ih + k));
    }
  }
};

// Totals in the caller's arrays.
template <typename Real>
void write_totals(const Backward<Real>& call, const BackPlan<Real>& plan,
                  const Totals<Real>& totals) {
  const Sizes<Real>& sizes = plan.sizes;
  const Size H = sizes.hidden, units = sizes.units;
  const auto matrix = [](Real* to, const Real* from, Size rows, Size columns, Size stride) {
    for (Size r = 0; r < rows; ++r) copy(to + r * columns, from + r * stride, columns);
  };
  const Size x = up_to(sizes.inputs, lanes<Real>), R = sizes.recurrent;
  for (Size k = 0; k < sizes.gates; ++k) {
    const Size gate = plan.sections.gates_x[k];
    matrix(call.grad_weight_ih + gate * H * sizes.inputs, totals.weight_ih + k * H * x, H,
           sizes.inputs, x);
    copy(call.grad_bias + gate * H, totals.deltas + k * units, H);
    if (call.grad_second_bias != nullptr) {
      const bool inside = plan.what.cell == Cell::gru_after && gate == 2;
      copy(call.grad_second_bias + gate * H, totals.deltas + (inside ? 3 : k) * units, H);
    }
    if (!sizes.norm) continue;
    copy(call.grad_norm_ih + gate * H, totals.gain_x + k * units, H);
    copy(call.grad_norm_hh + plan.sections.gates_norm[k] * H, totals.gain_h + k * units, H);
  }
  for (Size k = 0; k < plan.sections.count_h; ++k) {
    matrix(call.grad_weight_hh + plan.sections.gates_h[k] * H * R,
           totals.weight_hh + k * H * sizes.states, H, R, sizes.states);
  }
  if (plan.what.cell == Cell::gru_before) {
    matrix(call.grad_weight_hh + 2 * H * R, totals.candidate, H, R, sizes.states);
  }
  if (call.grad_recurrent_bias != nullptr) {
    copy(call.grad_recurrent_bias, totals.deltas + 3 * units, H);
  }
  if (call.grad_projection != nullptr) {
    matrix(call.grad_projection, totals.projection, R, H, units);
  }
  if (call.grad_peephole != nullptr) matrix(call.grad_peephole, totals.peephole, 3, H, units);
  if (call.grad_norm_cell != nullptr) matrix(call.grad_norm_cell, totals.norm_cell, 2, H, units);
}

}  // namespace
}  // namespace elman::ELMAN_ISA
