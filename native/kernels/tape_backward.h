// A whole sequence backwards through a tape.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/tape.h"
#include "kernels/parts.h"
#include "kernels/tape_forward.h"
#include "kernels/tape_pass.h"

namespace elman::ELMAN_ISA {
namespace {

// Visits each value that meets deltas: visit(its first outer, one past its last).
template <typename Visit>
void for_each_value(const TapeProgram& program, const Visit& visit) {
  for (Size first = 0; first < program.outers.count;) {
    Size last = first + 1;
    while (last < program.outers.count &&
           program.outers[last].value == program.outers[first].value) {
      ++last;
    }
    visit(first, last);
    first = last;
  }
}

inline Size value_size(const TapeProgram& program, const TapeOuter& outer) {
  return outer.value < 0 ? program.inputs : program.section_size[outer.value];
}

template <typename Real>
Size value_row(const TapeProgram& program, const TapeOuter& outer) {
  return up_to(value_size(program, outer), lanes<Real>);
}

// What one part adds up over its rows and steps: of each outer [size of its delta, value], then of
// each sum its units.
template <typename Real>
Size total_entries(const TapeProgram& program) {
  Size total = 0;
  for (const TapeOuter& outer : program.outers) {
    total += program.section_size[outer.delta] * value_row<Real>(program, outer);
  }
  for (const TapeSum& sum : program.sums) total += padded<Real>(program, sum.delta);
  return total;
}

template <typename Real>
class TapeBackPass {
 public:
  TapeBackPass(const TapeBackward<Real>& call, const TapeLayout<Real>& layout, Size part,
               Size parts, Real* totals, Arena& arena)
      : call_(call),
        program_(*call.program),
        rows_(call.reading, part, parts),
        kept_(call.kept + kept_header +
              rows_before(call.reading, part, parts) * kept_of_row(program_, call.reading.time)),
        totals_(totals),
        frames_(arena, layout, rows_of_part(call.reading, parts)),
        read_(arena, rows_of_part(call.reading, parts)),
        grads_read_(arena, rows_of_part(call.reading, parts)),
        grads_written_(arena, rows_of_part(call.reading, parts)),
        resets_(arena, call.reading) {
    const Size n = rows_of_part(call.reading, parts);
    Size delta_width = 0;
    for (Size f = 0; f < program_.frames.count; ++f) {
      if (frames_.place(f) == Place::delta) delta_width = layout.width_of(f);
    }
    stride_ = delta_width + 16;
    slots_ = slots(delta_width, n);
    deltas_ = arena.take<Real>(slots_ * stride_);
    input_row_ = up_to(program_.inputs, lanes<Real>);
    const bool inputs = call.grad_inputs.data != nullptr;
    inputs_ = arena.take<Real>(inputs ? slots_ * input_row_ : 0);
    slot_rows_ = arena.take<const Real*>(slots_);
    slot_outputs_ = arena.take<Real*>(slots_);
    buffers_ = arena.take<Real*>(2 * program_.state_sizes.count);
    values_ = arena.take<Packed<Real>>(program_.outers.count);
    for_each_value(program_, [&](Size first, Size) {
      const Size row = value_row<Real>(program_, program_.outers[first]);
      const Packed<Real> packed(arena, slots_, row / lanes<Real>);
      if (values_ != nullptr) values_[first] = packed;
    });
  }

  bool run(const TapeWeights<Real>& weights, const Stop& stop) {
    weights_ = &weights;
    frames_.start(weights, stride_);
    read_.start(rows_, call_.inputs);
    grads_read_.start(rows_, call_.grad_outputs);
    grads_written_.start(rows_, call_.grad_inputs);
    resets_.start(rows_);
    clear(totals_, total_entries<Real>(program_));
    load_carry();
    find_moving();
    const Size at_once = steps_between_stops(3 * (rows_.count() + 1) * tape_work(program_));
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
  // As many rows and steps as the cache holds; so that the totals are seldom read and written.
  Size slots(Size delta_width, Size n) const {
    constexpr Size most = 256, least = 64, bytes = 400 * 1024;
    Size row = delta_width;
    for_each_value(program_, [&](Size first, Size) {
      row += value_row<Real>(program_, program_.outers[first]);
    });
    Size count = bytes / ((row + 1) * static_cast<Size>(sizeof(Real)));
    count = count > most ? most : count < least ? least : count;
    const Size all = n * call_.reading.time;
    count = count > all ? all : count;
    return count < n ? n : count;
  }

  void load_carry() {
    for (Size f = 0; f < program_.frames.count; ++f) {
      const bool now = frames_.place(f) == Place::carry;
      if (!now && frames_.place(f) != Place::fresh) continue;
      const Size k = frames_.index(f), size = program_.state_sizes[k];
      Real* buffer = frames_.base(f);
      buffers_[2 * k + (now ? 0 : 1)] = buffer;
      clear(buffer, rows_.count() * frames_.width(f));
      if (call_.grad_finals[k] == nullptr) continue;
      for (Size i = 0; i < rows_.count(); ++i) {
        Real* to = buffer + i * frames_.width(f);
        copy(to, call_.grad_finals[k] + rows_.row(i) * size, size);
        if (size == 1) fill_row(to, 1, to[0]);
      }
    }
  }

  void store_carry() {
    for (Size i = 0; i < rows_.count(); ++i) {
      const Size row = rows_.row(i);
      for (Size k = 0; k < program_.state_sizes.count; ++k) {
        const Size size = program_.state_sizes[k];
        if (call_.grad_states[k] == nullptr) continue;
        copy(call_.grad_states[k] + row * size, buffers_[2 * k + 1] + i * up_to(size, widest),
             size);
      }
      if (call_.grad_inputs.data == nullptr) continue;
      for (Size t = rows_.length(i); t < call_.reading.time; ++t) {
        clear(call_.grad_inputs.data + row * call_.grad_inputs.row + t * call_.grad_inputs.step,
              program_.inputs);
      }
    }
  }

  // Asks for what is read two steps later: no processor foresees it.
  ELMAN_INLINE void fetch_rows(Size step, Size active) const {
    for (Size i = 0; i < active; ++i) {
      fetch(read_.at(i, step), program_.inputs);
      if (call_.grad_outputs.data != nullptr) fetch(grads_read_.at(i, step), program_.outputs);
    }
    constexpr Size most =
        16 << 10;  // bytes: what is kept follows itself, which helps if it is much
    if (values_step_ * static_cast<Size>(sizeof(Real)) > most) return;
    fetch(kept_values_ + step * values_step_, values_step_);
    const Real* states = kept_;
    for (Size k = 0; k < program_.state_sizes.count; ++k) {
      const Size row = up_to(program_.state_sizes[k], widest) * rows_.count();
      fetch(states + step * row, row);
      states += (call_.reading.time + 1) * row;
    }
  }

  void find_moving() {
    const Size n = rows_.count(), time = call_.reading.time;
    // The kept memory is only read: no program of the way back writes to these frames.
    Real* kept = const_cast<Real*>(kept_);
    kept_values_ = kept_ + kept_value(program_, time, 0, 0) * n;
    values_step_ = kept_entries(program_) * n;
    for (Size f = 0; f < program_.frames.count; ++f) {
      const Size k = frames_.index(f);
      const Place place = frames_.place(f);
      if (place == Place::before || place == Place::after) {
        frames_.move(f, kept + kept_state(program_, time, k, 0) * n, place == Place::after ? 1 : 0,
                     ~Size{0}, up_to(program_.state_sizes[k], widest) * n);
      } else if (place == Place::kept) {
        frames_.move(f, kept + kept_value(program_, time, k, 0) * n, 0, ~Size{0}, values_step_);
      } else if (place == Place::carry || place == Place::fresh) {
        frames_.move(f, buffers_[2 * k], place == Place::fresh ? 1 : 0, 1,
                     buffers_[2 * k + 1] - buffers_[2 * k]);
      } else if (place == Place::delta) {
        delta_frame_ = f;
      } else if (place == Place::input) {
        input_frame_ = f;
      } else if (place == Place::by_output) {
        output_frame_ = f;
      }
    }
  }

  void take_step(Size step) {
    const Size active = rows_.active(step, rows_.count());
    if (step >= 2) fetch_rows(step - 2, active);
    if (used_ + active > slots_) add_up();
    frames_.place_at(step);
    if (delta_frame_ >= 0) frames_.base(delta_frame_) = deltas_ + used_ * stride_;
    if (input_frame_ >= 0) load(input_frame_, read_, program_.inputs, step, active);
    if (output_frame_ >= 0) load_grads(step, active);
    frames_.run(active, [&](const TapeInstruction& what, const Job<Real>& job, Size first) {
      (void)what;  // masks are kept: only the step's number is asked for
      for (Size r = 0; r < job.rows; ++r) {
        const Size row = rows_.row(first + r);
        const std::int64_t made = (call_.steps == nullptr ? 0 : call_.steps[row]) + step;
        fill_row(job.to.at + r * job.to.row, 1, static_cast<Real>(made));
      }
    });
    gather(step, active);
    if (resets_.any(step)) reset(step, active);
    used_ += active;
  }

  void load_grads(Size step, Size active) {
    if (call_.grad_outputs.data != nullptr) {
      load(output_frame_, grads_read_, program_.outputs, step, active);
    } else {
      clear(frames_.base(output_frame_), active * frames_.row(output_frame_));
    }
  }

  void load(Size f, const Cursor<const Real>& cursor, Size size, Size step, Size active) {
    for (Size i = 0; i < active; ++i) {
      const Real* from = cursor.at(i, step);
      Real* to = frames_.base(f) + i * frames_.row(f);
      for (Size u = 0; u < size; u += lanes<Real>) {
        store(to + u, elman::ELMAN_ISA::load(from + u, size - u));
      }
      if (size == 1) fill_row(to, 1, from[0]);
    }
  }

  // What meets the deltas later, and where the inputs' gradients go.
  void gather(Size step, Size active) {
    for_each_value(program_, [&](Size first, Size) {
      const TapeOuter& outer = program_.outers[first];
      const Packed<Real>& packed = values_[first];
      const Size size = value_size(program_, outer);
      const Size step_of = outer.value >= 0 && size == 1 ? 0 : lanes<Real>;
      for (Size i = 0; i < active; ++i) {
        const Real* from = outer.value < 0 ? read_.at(i, step) : frames_.at(outer.value, i);
        packed.put_row(used_ + i, [&](Size v) {
          return outer.value < 0
                     ? elman::ELMAN_ISA::load(from + v * lanes<Real>, size - v * lanes<Real>)
                     : elman::ELMAN_ISA::load(from + v * step_of);
        });
      }
    });
    if (call_.grad_inputs.data == nullptr) return;
    for (Size i = 0; i < active; ++i) {
      slot_outputs_[used_ + i] = grads_written_.at(i, step);
      Real* to = inputs_ + (used_ + i) * input_row_;
      if (program_.result >= 0) {
        copy(to, frames_.at(program_.result, i), input_row_);
      } else if (program_.through.count == 0) {
        clear(to, input_row_);
      }
    }
  }

  // Nothing flows to what was before a reset.
  void reset(Size step, Size active) {
    for (Size i = 0; i < active; ++i) {
      if (!resets_.at(rows_, i, step)) continue;
      for (Size k = 0; k < program_.state_sizes.count; ++k) {
        const Size width = up_to(program_.state_sizes[k], widest);
        clear(buffers_[2 * k + 1 - step % 2] + i * width, width);
      }
    }
  }

  // Products over all slots, added to the totals; then the slots are free again.
  void add_up() {
    Real* total = totals_;
    for_each_value(program_, [&](Size first, Size last) {
      const Packed<Real>& right = values_[first];
      for (Size k = first; k < last; ++k) {
        const TapeOuter& outer = program_.outers[k];
        const Size count = program_.section_size[outer.delta];
        outer_rows(deltas_ + frames_.offset(outer.delta), count, right, total);
        total += count * value_row<Real>(program_, outer);
      }
    });
    for (const TapeSum& sum : program_.sums) {
      const Size width = padded<Real>(program_, sum.delta);
      const Real* from = deltas_ + frames_.offset(sum.delta);
      for (Size u = 0; u < width; u += lanes<Real>) {
        Vector<Real> all = elman::ELMAN_ISA::load(total + u);
        for (Size k = 0; k < used_; ++k) all += elman::ELMAN_ISA::load(from + k * stride_ + u);
        store(total + u, all);
      }
      total += width;
    }
    if (call_.grad_inputs.data != nullptr) inputs_back();
    used_ = 0;
    added_ = true;
  }

  // total [count, columns of right] += leftᵀ · right over the slots.
  void outer_rows(const Real* left, Size count, const Packed<Real>& right, Real* total) {
    const Size columns = right.vectors * lanes<Real>;
    for (Tiling tiling(count); tiling.next();) {
      const Real* rows[tall];
      for (Size r = 0; r < tiling.size(); ++r) rows[r] = left + tiling.first() + r;
      for (Size p = 0; p < right.panels(); ++p) {
        Real* sums = total + tiling.first() * columns + p * right.width * lanes<Real>;
        const Real* before = added_ ? sums : nullptr;
        compute(Tile<Real>{before, columns, rows, stride_, right.panel(p), right.depth, used_, sums,
                           columns},
                tiling.size(), right.width_of(p));
      }
    }
  }

  void inputs_back() {
    bool begun = program_.result >= 0;
    for (const TapeProduct& product : program_.through) {
      for (Size k = 0; k < used_; ++k) {
        slot_rows_[k] = deltas_ + k * stride_ + frames_.offset(product.from);
      }
      multiply(weights_->matrices[product.matrix], used_, slot_rows_,
               static_cast<const Real*>(begun ? inputs_ : nullptr), input_row_, inputs_,
               input_row_);
      begun = true;
    }
    for (Size k = 0; k < used_; ++k) {
      copy(slot_outputs_[k], inputs_ + k * input_row_, program_.inputs);
    }
  }

  const TapeBackward<Real>& call_;
  const TapeProgram& program_;
  Rows rows_;
  const Real* kept_;
  Real* totals_;
  const TapeWeights<Real>* weights_ = nullptr;
  TapeFrames<Real> frames_;
  Cursor<const Real> read_, grads_read_;
  Cursor<Real> grads_written_;
  Resets resets_;
  Size stride_, slots_, input_row_;
  Real *deltas_, *inputs_;
  const Real** slot_rows_;
  Real **slot_outputs_, **buffers_;
  Packed<Real>* values_;
  const Real* kept_values_ = nullptr;  // of the first step
  Size values_step_ = 0;               // from step to step
  Size delta_frame_ = -1, input_frame_ = -1, output_frame_ = -1;
  Size used_ = 0;       // slots that wait to be added up
  bool added_ = false;  // once: until then the totals of products hold nothing
};

}  // namespace
}  // namespace elman::ELMAN_ISA
