// What the passes over a sequence share: sizes, and the weights packed for the products.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "kernels/products.h"

namespace elman::ELMAN_ISA {
namespace {

// Hidden units are worked on in blocks of one vector; a row of gates stands as [block, gate, lane].
template <typename Real>
struct Sizes {
  Size gates, inputs, hidden, recurrent;
  Size blocks;          // of hidden units
  Size units;           // H, and what fills up the last block
  Size states;          // R, filled up to whole vectors
  Size row;             // a row of all gates
  bool norm;            // layer normalisation
  Size kept_gates;      // vectors that each block keeps for the way back
  Size kept;            // entries that a row keeps at each step
  Size unit_x, unit_h;  // where the normalised products stand among them, and their four scales
  Size scales;

  explicit Sizes(const Recurrence<Real>& what)
      : gates(gates_of(what.cell)),
        inputs(what.inputs),
        hidden(what.hidden),
        recurrent(what.recurrent),
        blocks((hidden + lanes<Real> - 1) / lanes<Real>),
        units(blocks * lanes<Real>),
        states(up_to(recurrent, lanes<Real>)),
        row(gates * units),
        norm(what.norm_ih != nullptr),
        kept_gates(what.cell == Cell::lstm        ? 5
                   : what.cell == Cell::gru_after ? 4
                   : is_gru(what.cell)            ? 3
                   : what.zoneout_hidden != 0     ? 1
                                                  : 0) {
    // In multiples of the widest vector, so that all instruction sets keep as much.
    const Size widest = up_to(hidden, 16);
    unit_x = kept_gates * widest;
    unit_h = unit_x + gates * widest;
    scales = unit_h + gates * widest;
    kept = norm ? scales + 16 : unit_x;
  }
  int width() const { return gates == 3 ? 3 : wide; }
};

// The weights as the products of a forward pass take them.
template <typename Real>
struct Plan {
  const Recurrence<Real>& what;
  Sizes<Real> sizes;
  Packed<Real> input;       // [I, row]
  Packed<Real> recurrent;   // [R, row], for a GRU that resets before: r and z only
  Packed<Real> candidate;   // [R, units], for that GRU
  Packed<Real> projection;  // [H, R]
  Real* bias;               // [row]
  Real* recurrent_bias;     // [units]
  Real* peephole;           // [3, units]
  Real* gain_x;             // [row]
  Real* gain_h;             // [row]
  Real* norm_cell;          // [2, units]

  Plan(Arena& arena, const Recurrence<Real>& recurrence)
      : what(recurrence),
        sizes(recurrence),
        input(arena, sizes.inputs, sizes.blocks * sizes.gates, sizes.width()),
        recurrent(arena, sizes.recurrent, sizes.blocks * recurrent_gates(),
                  recurrent_gates() == 3 ? 3 : wide),
        candidate(arena, before() ? sizes.recurrent : 0, sizes.blocks),
        projection(arena, what.projection == nullptr ? 0 : sizes.hidden,
                   sizes.states / lanes<Real>),
        bias(arena.take<Real>(sizes.row)),
        recurrent_bias(arena.take<Real>(sizes.units)),
        peephole(arena.take<Real>(3 * sizes.units)),
        gain_x(arena.take<Real>(sizes.norm ? sizes.row : 0)),
        gain_h(arena.take<Real>(sizes.norm ? sizes.row : 0)),
        norm_cell(arena.take<Real>(sizes.norm ? 2 * sizes.units : 0)) {}

  bool before() const { return what.cell == Cell::gru_before; }
  Size recurrent_gates() const { return before() ? 2 : sizes.gates; }

  void fill() {
    pack_gates(input, what.weight_ih, sizes.inputs, sizes.gates, 0);
    pack_gates(recurrent, what.weight_hh, sizes.recurrent, recurrent_gates(), 0);
    if (before()) pack_gates(candidate, what.weight_hh, sizes.recurrent, 1, 2);
    if (what.projection != nullptr) {
      pack_columns(projection, [&](Size j) {
        return j < sizes.recurrent ? what.projection + j * sizes.hidden : nullptr;
      });
    }
    fill_bias();
    spread(peephole, what.peephole, 3);
    if (!sizes.norm) return;
    interleave(gain_x, what.norm_ih);
    interleave(gain_h, what.norm_hh);
    spread(norm_cell, what.norm_cell, 2);
  }

 private:
  // Columns [block, gate, lane] of some gates of a weight [G·H, depth].
  void pack_gates(const Packed<Real>& packed, const Real* weight, Size depth, Size count,
                  Size first_gate) {
    pack_columns(packed, [&](Size j) -> const Real* {
      const Size vector = j / lanes<Real>;
      const Size unit = vector / count * lanes<Real> + j % lanes<Real>;
      const Size gate = first_gate + vector % count;
      return unit < sizes.hidden ? weight + (gate * sizes.hidden + unit) * depth : nullptr;
    });
  }

  // A vector [G·H] in the order [block, gate, lane].
  void interleave(Real* to, const Real* from) {
    for (Size b = 0; b < sizes.blocks; ++b) {
      for (Size gate = 0; gate < sizes.gates; ++gate, to += lanes<Real>) {
        const Size unit = b * lanes<Real>;
        store(to, from == nullptr ? Vector<Real>{}
                                  : load(from + gate * sizes.hidden + unit, sizes.hidden - unit));
      }
    }
  }

  // Rows of H entries, each filled up to whole blocks.
  void spread(Real* to, const Real* from, Size rows) {
    if (from == nullptr) return;
    for (Size row = 0; row < rows; ++row) {
      for (Size unit = 0; unit < sizes.units; unit += lanes<Real>) {
        store(to + row * sizes.units + unit,
              load(from + row * sizes.hidden + unit, sizes.hidden - unit));
      }
    }
  }

  void fill_bias() {
    interleave(bias, what.bias);
    clear(recurrent_bias, sizes.units);
    spread(recurrent_bias, what.recurrent_bias, 1);
    if (what.second_bias != nullptr) add_second_bias();
    if (what.cell != Cell::lstm) return;
    for (Size unit = 0; unit < sizes.hidden; ++unit) {
      bias[(unit / lanes<Real> * sizes.gates + 1) * lanes<Real> + unit % lanes<Real>] +=
          what.forget_bias;
    }
  }

  void add_second_bias() {
    const bool inside = what.cell == Cell::gru_after;  // the candidate's
    for (Size gate = 0; gate < sizes.gates - (inside ? 1 : 0); ++gate) {
      for (Size unit = 0; unit < sizes.hidden; ++unit) {
        bias[(unit / lanes<Real> * sizes.gates + gate) * lanes<Real> + unit % lanes<Real>] +=
            what.second_bias[gate * sizes.hidden + unit];
      }
    }
    if (inside) spread(recurrent_bias, what.second_bias + 2 * sizes.hidden, 1);
  }
};

// The rows of one part of the work, by falling length; and how they are read.
class Rows {
 public:
  Rows(const Reading& reading, Size part, Size parts)
      : reading_(reading),
        first_(reading.order == nullptr ? reading.batch * part / parts : part),
        every_(reading.order == nullptr ? 1 : parts),
        count_(reading.order == nullptr ? reading.batch * (part + 1) / parts - first_
                                        : (reading.batch - part + parts - 1) / parts) {}

  Size count() const { return count_; }
  Size row(Size i) const {
    const Size k = first_ + i * every_;
    return reading_.order == nullptr ? k : reading_.order[k];
  }
  Size length(Size i) const {
    return reading_.lengths == nullptr ? reading_.time : reading_.lengths[row(i)];
  }
  Size longest() const { return count_ == 0 ? 0 : length(0); }
  // Where in time row i is at a step of its reading.
  Size time(Size i, Size step) const { return reading_.reverse ? length(i) - 1 - step : step; }
  // How many rows are read at a step: the first ones. `guess` is at least as many.
  Size active(Size step, Size guess) const {
    while (guess > 0 && length(guess - 1) <= step) --guess;
    return guess;
  }
  const Reading& reading() const { return reading_; }

 private:
  const Reading& reading_;
  Size first_, every_, count_;
};

// Where the rows of a part stand in a sequence, in the order in which their steps are read.
template <typename Real>
class Cursor {
 public:
  Cursor(Arena& arena, Size rows) : first_(arena.take<Real*>(rows)) {}

  void start(const Rows& rows, const Sequence<Real>& sequence) {
    if (sequence.data == nullptr) return;
    step_ = rows.reading().reverse ? -sequence.step : sequence.step;
    for (Size i = 0; i < rows.count(); ++i) {
      first_[i] = sequence.data + rows.row(i) * sequence.row;
      if (rows.length(i) > 0) first_[i] += rows.time(i, 0) * sequence.step;
    }
  }
  // By row and step alone, whatever the direction.
  void start(const Rows& rows, Real* data, Size size) {
    step_ = rows.reading().batch * size;
    for (Size i = 0; i < rows.count(); ++i) first_[i] = data + rows.row(i) * size;
  }
  Real* at(Size i, Size step) const { return first_[i] + step * step_; }

 private:
  Real** first_;
  Size step_ = 0;
};

// Where the rows of a part begin anew. Few steps have any resets, and only there is it asked of
// each row.
class Resets {
 public:
  Resets(Arena& arena, const Reading& reading)
      : any_(arena.take<bool>(reading.resets == nullptr ? 0 : reading.time)) {}

  void start(const Rows& rows) {
    const Reading& reading = rows.reading();
    resets_ = reading.resets;
    if (resets_ == nullptr) return;
    clear(any_, reading.time);
    for (Size i = 0; i < rows.count(); ++i) {
      const bool* row = resets_ + rows.row(i) * reading.time;
      for (Size step = 0; step < rows.length(i); ++step) any_[step] |= row[rows.time(i, step)];
    }
  }
  bool any(Size step) const { return resets_ != nullptr && any_[step]; }
  bool at(const Rows& rows, Size i, Size step) const {
    return any(step) && resets_[rows.row(i) * rows.reading().time + rows.time(i, step)];
  }

 private:
  const bool* resets_ = nullptr;
  bool* any_;
};

// Most rows that a part of the work may have.
inline Size rows_of_part(const Reading& reading, Size parts) {
  return (reading.batch + parts - 1) / parts;
}

}  // namespace
}  // namespace elman::ELMAN_ISA
