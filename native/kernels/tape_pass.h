// What both ways through a tape share: frames, stages, blocks of rows.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/tape.h"
#include "kernels/philox.h"
#include "kernels/tape_instructions.h"
#include "kernels/tape_plan.h"

namespace elman::ELMAN_ISA {
namespace {

constexpr Size local_bytes = 16 << 10;  // of a block's own values: they stay in the near cache
constexpr Size most_rows = 64;

// The frames of one part of the rows, and what runs on them.
template <typename Real>
class TapeFrames {
 public:
  TapeFrames(Arena& arena, const TapeLayout<Real>& layout, Size rows)
      : layout_(layout),
        program_(layout.program),
        base_(arena.take<Real*>(program_.frames.count)),
        row_(arena.take<Size>(program_.frames.count)),
        moving_(arena.take<Moving>(program_.frames.count)),
        resolved_(arena.take<Resolved>(program_.instructions.count)),
        aims_(arena.take<Aim>(program_.instructions.count * 4)),
        pointers_(arena.take<const Real*>(rows)) {
    const Size row = (layout.local + 1) * static_cast<Size>(sizeof(Real));
    block_ = local_bytes / row;
    block_ = block_ < 1 ? 1 : block_ > most_rows ? most_rows : block_;
    block_ = block_ > rows && rows > 0 ? rows : block_;
    for (Size f = 0; f < program_.frames.count; ++f) {
      const auto place = static_cast<Place>(program_.frames[f].place);
      Real* at = nullptr;
      if (place == Place::local) at = arena.take<Real>(layout.width_of(f) * block_);
      if (place == Place::rows || place == Place::by_output || place == Place::input ||
          place == Place::carry || place == Place::fresh) {
        at = arena.take<Real>(layout.width_of(f) * rows);
      }
      if (base_ != nullptr) base_[f] = at;
    }
  }

  // `delta_row`: how far one row of deltas is from the next.
  void start(const TapeWeights<Real>& weights, Size delta_row) {
    weights_ = &weights;
    for (Size f = 0; f < program_.frames.count; ++f) {
      const auto place = static_cast<Place>(program_.frames[f].place);
      row_[f] = layout_.width[f];
      if (place == Place::vector || place == Place::constant) {
        base_[f] = weights.vectors[f];
        row_[f] = 0;
      }
      // Lanes past the units are read and written, but never counted.
      if (place == Place::local) clear(base_[f], layout_.width[f] * block_);
      if (place == Place::delta) row_[f] = delta_row;
    }
    for (Size k = 0; k < program_.instructions.count; ++k) {
      resolve(program_.instructions[k], resolved_[k]);
    }
    find_pairs();
  }

  // A frame that is elsewhere at each step: at `to` + (step + later) · row, the number masked to
  // turn between two places.
  void move(Size f, Real* to, Size later, Size mask, Size row) {
    moving_[moving_count_++] = {f, to, later, mask, row};
  }
  ELMAN_INLINE void place_at(Size step) {
    for (Size m = 0; m < moving_count_; ++m) {
      const Moving& moving = moving_[m];
      base_[moving.frame] = moving.to + ((step + moving.later) & moving.mask) * moving.row;
    }
  }

  Place place(Size f) const { return static_cast<Place>(program_.frames[f].place); }
  Size index(Size f) const { return program_.frames[f].index; }
  Real*& base(Size f) { return base_[f]; }
  Size& row(Size f) { return row_[f]; }
  Size width(Size f) const { return layout_.width[f]; }
  Size frame_of(Size section) const { return program_.section_frame[section]; }
  Size offset(Size section) const { return layout_.offset[section]; }

  Real* at(Size section, Size i) const {
    const Size f = frame_of(section);
    return base_[f] + layout_.offset[section] + i * row_[f];
  }

  // All stages, for `active` rows; `special(instruction, job, first)` runs `time` and `mask`.
  template <typename Special>
  void run(Size active, const Special& special) {
    const bool one = active <= block_;
    if (one) aim_at_once();
    aimed_ = one;
    for (const TapeStage& stage : program_.stages) {
      if (stage.product >= 0) {
        multiply_rows(stage.product, active);
        continue;
      }
      for (Size first = 0; first < active; first += block_) {
        const Size count = active - first < block_ ? active - first : block_;
        for (Size k = stage.first; k < stage.last; ++k) {
          Resolved& resolved = resolved_[k];
          if (!one) aim(resolved, first);
          resolved.job.rows = count;
          if (resolved.paired) {  // with the next one
            if (!one) aim(resolved_[k + 1], first);
            resolved_[k + 1].job.rows = count;
            scale_and_normalise(resolved.job, resolved_[++k].job, resolved.rate);
            if (resolved_[k].tails) clear_tails(resolved_[k].job);
            continue;
          }
          run_one(program_.instructions[k], resolved, first, special);
        }
      }
    }
  }

  void multiply_rows(Size p, Size active) {
    const TapeProduct& product = program_.products[p];
    for (Size i = 0; i < active; ++i) pointers_[i] = at(product.from, i);
    const Real* start = nullptr;
    Size start_row = 0;
    if (product.start >= 0) {
      start = at(product.start, 0);
      start_row = row_[frame_of(product.start)];
    } else {
      start = weights_->starts[p];
    }
    multiply(weights_->matrices[product.matrix], active, pointers_, start, start_row,
             at(product.to, 0), row_[frame_of(product.to)]);
  }

 private:
  // A section, as an instruction meets it: its rows of a block begin at base + offset + first ·
  // skip.
  struct Where {
    Size frame, offset, skip;
  };
  struct Resolved {
    Job<Real> job;
    Where to, from[3];
    int reads;
    bool asks, tails, paired;
    Real rate;
  };
  struct Moving {
    Size frame;
    Real* to;
    Size later, mask, row;
  };
  // An operand whose frame is elsewhere at each step: 0: the result, else one that is read.
  struct Aim {
    Size instruction;
    int operand;
  };

  static bool moves(Place place) {
    return lasts(place) || place == Place::delta || place == Place::ahead;
  }

  // What a block of rows from `first` on reads and writes.
  ELMAN_INLINE void aim(Resolved& resolved, Size first) {
    Job<Real>& job = resolved.job;
    job.to.at = base_[resolved.to.frame] + resolved.to.offset + first * resolved.to.skip;
    for (int k = 0; k < resolved.reads; ++k) {
      const Where& from = resolved.from[k];
      job.from[k].at = base_[from.frame] + from.offset + first * from.skip;
    }
  }

  // One block takes all rows: only what moved since the last step is looked up.
  ELMAN_INLINE void aim_at_once() {
    if (!aimed_) {
      for (Size k = 0; k < program_.instructions.count; ++k) aim(resolved_[k], 0);
      return;
    }
    for (Size a = 0; a < aim_count_; ++a) {
      Resolved& resolved = resolved_[aims_[a].instruction];
      const int k = aims_[a].operand;
      const Where& of = k == 0 ? resolved.to : resolved.from[k - 1];
      Real* at = base_[of.frame] + of.offset;
      if (k == 0) {
        resolved.job.to.at = at;
      } else {
        resolved.job.from[k - 1].at = at;
      }
    }
  }

  // A scale that the next instruction normalises by: both ask for the same mean.
  void find_pairs() {
    for (const TapeStage& stage : program_.stages) {
      if (stage.product >= 0) continue;
      for (Size k = stage.first; k + 1 < stage.last; ++k) {
        const TapeInstruction& scale = program_.instructions[k];
        const TapeInstruction& norm = program_.instructions[k + 1];
        resolved_[k].paired = static_cast<Operation>(scale.operation) == Operation::norm_scale &&
                              static_cast<Operation>(norm.operation) == Operation::norm &&
                              norm.from[0] == scale.from[0] && norm.from[1] == scale.to;
      }
    }
  }

  Where where(Size section) const {
    const Size f = frame_of(section);
    return {f, layout_.offset[section], place(f) == Place::local ? 0 : row_[f]};
  }

  void resolve(const TapeInstruction& what, Resolved& to) {
    Job<Real>& job = to.job;
    const Size number = &to - resolved_;
    if (moves(place(frame_of(what.to)))) aims_[aim_count_++] = {number, 0};
    to.to = where(what.to);
    to.reads = 0;
    const auto operation = static_cast<Operation>(what.operation);
    to.asks = operation == Operation::time || operation == Operation::mask;
    to.rate = static_cast<Real>(what.rate);
    to.paired = false;
    job.size = program_.section_size[what.to];
    job.vectors = vectors_of<Real>(job.size);
    job.to = {nullptr, row_[to.to.frame], lanes<Real>};
    job.from_size = 0;
    const Size whole = job.vectors * lanes<Real>;
    job.dense = job.to.row == whole;
    to.tails = place(to.to.frame) == Place::delta && whole != job.size && job.size != 1;
    for (int k = 0; k < 3; ++k) {
      if (what.from[k] < 0) continue;
      to.reads = k + 1;
      to.from[k] = where(what.from[k]);
      if (moves(place(to.from[k].frame))) aims_[aim_count_++] = {number, k + 1};
      const Size size = program_.section_size[what.from[k]], row = row_[to.from[k].frame];
      // One number stands in every lane of a vector; so does the same one of all rows.
      const bool one = size == 1, here = one && job.size == 1;
      job.from[k] = {nullptr, row, one && !here ? 0 : lanes<Real>};
      if (k == 0) job.from_size = size;
      job.dense = job.dense && ((row == whole && (!one || here)) || (row == 0 && one && !here));
    }
  }

  template <typename Special>
  ELMAN_INLINE void run_one(const TapeInstruction& what, const Resolved& resolved, Size first,
                            const Special& special) {
    const Job<Real>& job = resolved.job;
    if (resolved.asks) {
      special(what, job, first);
    } else {
      execute(job, static_cast<Operation>(what.operation), what.shift, resolved.rate);
    }
    if (resolved.tails) clear_tails(job);
  }

  // What fills up a delta's last vector is multiplied by zeros: it must be a number.
  static void clear_tails(const Job<Real>& job) {
    const Size past = job.vectors * lanes<Real> - job.size;
    for (Size r = 0; r < job.rows; ++r) clear(job.to.at + r * job.to.row + job.size, past);
  }

  const TapeLayout<Real>& layout_;
  const TapeProgram& program_;
  const TapeWeights<Real>* weights_ = nullptr;
  Real** base_;
  Size* row_;
  Moving* moving_;
  Resolved* resolved_;
  Aim* aims_;
  const Real** pointers_;
  Size block_;
  Size moving_count_ = 0, aim_count_ = 0;
  bool aimed_ = false;  // whether the instructions stand at the first row
};

}  // namespace
}  // namespace elman::ELMAN_ISA
