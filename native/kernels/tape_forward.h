// A whole sequence forward through a tape.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/tape.h"
#include "kernels/parts.h"
#include "kernels/tape_pass.h"

namespace elman::ELMAN_ISA {
namespace {

// Entries of all rows of the parts before one.
inline Size rows_before(const Reading& reading, Size part, Size parts) {
  Size total = 0;
  for (Size p = 0; p < part; ++p) total += Rows(reading, p, parts).count();
  return total;
}

// Multiplications of a row's step.
inline Size tape_work(const TapeProgram& program) {
  Size work = 8 * program.instructions.count;
  for (const std::int64_t size : program.section_size) work += 4 * size;
  for (const std::int64_t size : program.weight_sizes) work += size;
  return work;
}

template <typename Real>
class TapeForwardPass {
 public:
  TapeForwardPass(const TapeForward<Real>& call, const TapeLayout<Real>& layout, Size part,
                  Size parts, Arena& arena)
      : call_(call),
        program_(*call.program),
        rows_(call.reading, part, parts),
        kept_(call.kept == nullptr ? nullptr
                                   : call.kept + kept_header +
                                         rows_before(call.reading, part, parts) *
                                             kept_of_row(*call.program, call.reading.time)),
        frames_(arena, layout, rows_of_part(call.reading, parts)),
        read_(arena, rows_of_part(call.reading, parts)),
        written_(arena, rows_of_part(call.reading, parts)),
        resets_(arena, call.reading) {
    const Size n = rows_of_part(call.reading, parts);
    states_ = arena.take<Real>(call.kept == nullptr ? 2 * n * state_entries(program_) : 0);
    ahead_steps_ = n == 0 ? 1 : (slots(layout) + n - 1) / n;
    if (ahead_steps_ > call.reading.time) ahead_steps_ = call.reading.time;
    ahead_row_ = 0;
    if (program_.ahead < 0) return;
    ahead_frame_ = program_.section_frame[program_.products[program_.ahead].to];
    ahead_row_ = layout.width_of(ahead_frame_);
    ahead_ = arena.take<Real>(ahead_steps_ * n * ahead_row_);
    slot_rows_ = arena.take<const Real*>(ahead_steps_ * n);
  }

  bool run(const TapeWeights<Real>& weights, const Stop& stop) {
    weights_ = &weights;
    frames_.start(weights, 0);
    find_moving();
    read_.start(rows_, call_.inputs);
    written_.start(rows_, call_.outputs);
    resets_.start(rows_);
    load_states();
    const Size at_once = steps_between_stops((rows_.count() + 1) * tape_work(program_));
    Size active = rows_.count();
    for (Size step = 0; step < rows_.longest();) {
      {
        DenormalMode scope;
        const Size end = step + at_once;
        for (; step < end && step < rows_.longest(); ++step) {
          active = rows_.active(step, active);
          take_step(step, active);
        }
      }
      if (stop()) return false;
    }
    store_states();
    return true;
  }

 private:
  static Size slots(const TapeLayout<Real>& layout) {
    const TapeProgram& program = layout.program;
    if (program.ahead < 0) return 1;
    constexpr Size near = 512 << 10;
    const Size width = layout.width_of(program.section_frame[program.products[program.ahead].to]);
    return program.inputs * width * static_cast<Size>(sizeof(Real)) > near ? 192 : 48;
  }

  // Where state k of all rows stands before a step; kept, that is where it stays.
  Real* state_at(Size k, Size step) const {
    const Size n = rows_.count();
    if (call_.kept != nullptr) {
      return kept_ + kept_state(program_, call_.reading.time, k, step) * n;
    }
    return states_ + kept_state(program_, 1, k, step % 2) * n;
  }

  void load_states() {
    for (Size k = 0; k < program_.state_sizes.count; ++k) {
      const Size size = program_.state_sizes[k], width = up_to(size, widest);
      for (Size side = 0; side < (call_.kept == nullptr ? 2 : 1); ++side) {
        clear(state_at(k, side), rows_.count() * width);
      }
      if (call_.states[k] == nullptr) continue;
      for (Size i = 0; i < rows_.count(); ++i) {
        Real* to = state_at(k, 0) + i * width;
        copy(to, call_.states[k] + rows_.row(i) * size, size);
        if (size == 1) fill_row(to, 1, to[0]);
      }
    }
  }

  // A row of n steps ends where its state would stand before step n.
  void store_states() {
    for (Size i = 0; i < rows_.count(); ++i) {
      const Size row = rows_.row(i), length = rows_.length(i), O = program_.outputs;
      for (Size k = 0; k < program_.state_sizes.count; ++k) {
        const Size size = program_.state_sizes[k];
        copy(call_.finals[k] + row * size, state_at(k, length) + i * up_to(size, widest), size);
      }
      for (Size t = length; t < call_.reading.time; ++t) {
        clear(call_.outputs.data + row * call_.outputs.row + t * call_.outputs.step, O);
      }
    }
  }

  // Asks for what a row reads and writes two steps later: no processor foresees it.
  ELMAN_INLINE void fetch_rows(Size step, Size active) const {
    for (Size i = 0; i < active && step < rows_.length(i); ++i) {
      fetch(written_.at(i, step), program_.outputs);
      if (input_frame_ >= 0) fetch(read_.at(i, step), program_.inputs);
    }
  }

  void take_step(Size step, Size active) {
    fetch_rows(step + 2, active);
    if (resets_.any(step)) reset(step, active);
    if (program_.ahead >= 0 && step % ahead_steps_ == 0) project_ahead(step, active);
    frames_.place_at(step);
    if (ahead_row_ != 0) frames_.base(ahead_frame_) = ahead_ + next_slot_ * ahead_row_;
    if (input_frame_ >= 0) load_inputs(input_frame_, step, active);
    next_slot_ += active;
    frames_.run(active, [&](const TapeInstruction& what, const Job<Real>& job, Size first) {
      ask_row(what, job, first, step);
    });
    put_out(step, active);
  }

  void find_moving() {
    const Size n = rows_.count(), time = call_.reading.time;
    const bool keep = call_.kept != nullptr;
    for (Size f = 0; f < program_.frames.count; ++f) {
      const Size k = frames_.index(f);
      const Place place = frames_.place(f);
      if (place == Place::before || place == Place::after) {
        const Size row = up_to(program_.state_sizes[k], widest) * n;
        frames_.move(f, state_at(k, 0), place == Place::after ? 1 : 0, keep ? ~Size{0} : 1, row);
      } else if (place == Place::kept) {
        frames_.move(f, kept_ + kept_value(program_, time, k, 0) * n, 0, ~Size{0},
                     kept_entries(program_) * n);
      } else if (place == Place::input) {
        input_frame_ = f;
      }
    }
  }

  void reset(Size step, Size active) {
    for (Size i = 0; i < active; ++i) {
      if (!resets_.at(rows_, i, step)) continue;
      for (Size k = 0; k < program_.state_sizes.count; ++k) {
        const Size width = up_to(program_.state_sizes[k], widest);
        clear(state_at(k, step) + i * width, width);
      }
    }
  }

  void load_inputs(Size f, Size step, Size active) {
    const Size I = program_.inputs;
    for (Size i = 0; i < active; ++i) {
      const Real* from = read_.at(i, step);
      Real* to = frames_.base(f) + i * frames_.row(f);
      for (Size u = 0; u < I; u += lanes<Real>) store(to + u, load(from + u, I - u));
      if (I == 1) fill_row(to, 1, from[0]);
    }
  }

  // The inputs' products of this and some following steps.
  void project_ahead(Size first, Size active) {
    Size count = 0;
    for (Size step = first; step < first + ahead_steps_ && step < rows_.longest(); ++step) {
      active = rows_.active(step, active);
      for (Size i = 0; i < active; ++i) slot_rows_[count++] = read_.at(i, step);
    }
    const TapeProduct& product = program_.products[program_.ahead];
    multiply(weights_->matrices[product.matrix], count, slot_rows_,
             static_cast<const Real*>(weights_->starts[program_.ahead]), 0, ahead_, ahead_row_);
    next_slot_ = 0;
  }

  void ask_row(const TapeInstruction& what, const Job<Real>& job, Size first, Size step) const {
    for (Size r = 0; r < job.rows; ++r) {
      const Size row = rows_.row(first + r);
      const std::int64_t made = (call_.steps == nullptr ? 0 : call_.steps[row]) + step;
      Real* to = job.to.at + r * job.to.row;
      if (static_cast<Operation>(what.operation) == Operation::time) {
        fill_row(to, 1, static_cast<Real>(made));
      } else if (call_.keys == nullptr) {
        fill_row(to, job.vectors, static_cast<Real>(1 - what.rate));
      } else {
        const auto threshold = static_cast<std::uint32_t>(what.rate * 16777216.0 + 0.5);
        keep_mask(to, job.size, call_.keys[row], made, static_cast<std::uint32_t>(what.shift),
                  threshold);
        if (job.size == 1) fill_row(to, 1, to[0]);
      }
    }
  }

  void put_out(Size step, Size active) const {
    const Size O = program_.outputs;
    for (Size i = 0; i < active; ++i) {
      const Real* from = frames_.at(program_.result, i);
      Real* to = written_.at(i, step);
      Size u = 0;
      for (; u + lanes<Real> <= O; u += lanes<Real>) store(to + u, load(from + u));
      if (u < O) store(to + u, load(from + u), O - u);
    }
  }

  const TapeForward<Real>& call_;
  const TapeProgram& program_;
  Rows rows_;
  Real* kept_;
  const TapeWeights<Real>* weights_ = nullptr;
  TapeFrames<Real> frames_;
  Cursor<const Real> read_;
  Cursor<Real> written_;
  Resets resets_;
  Real *states_, *ahead_ = nullptr;
  const Real** slot_rows_ = nullptr;
  Size input_frame_ = -1;
  Size ahead_steps_, ahead_row_, ahead_frame_ = 0, next_slot_ = 0;
};

}  // namespace
}  // namespace elman::ELMAN_ISA
