// The simple cell: h(t) = activation(projected(t) + weight_hh h(t-1)), and its gradients.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "kernels/products.h"
#include "kernels/vectors.h"

namespace elman::ELMAN_ISA {
namespace {

Size length_of(const Reading& reading, Size b) {
  return reading.lengths == nullptr ? reading.time : reading.lengths[b];
}

// The rows that are read at one step, densely: entry k is row[k], read at [B, T] place[k].
struct Active {
  Size* row;
  Size* place;
  Size count;

  Active(Arena& arena, Size batch)
      : row(arena.take<Size>(batch)), place(arena.take<Size>(batch)), count(0) {}

  void find(const Reading& reading, Size step) {
    count = 0;
    for (Size b = 0; b < reading.batch; ++b) {
      const Size length = length_of(reading, b);
      if (step >= length) continue;
      row[count] = b;
      place[count++] = b * reading.time + (reading.reverse ? length - 1 - step : step);
    }
  }
};

template <typename Real>
struct SimpleScratch {
  Real* packed;     // weight_hh, for the product of this direction
  Real* states[2];  // [B, H] each
  Active active;

  SimpleScratch(Arena& arena, const Reading& reading)
      : packed(take_packed<Real>(arena, reading.hidden, reading.hidden)),
        states{arena.take<Real>(reading.batch * reading.hidden),
               arena.take<Real>(reading.batch * reading.hidden)},
        active(arena, reading.batch) {}
};

template <typename Real>
std::size_t simple_workspace(const Reading& reading) {
  Arena arena(nullptr);
  SimpleScratch<Real> scratch(arena, reading);
  return arena.used();
}

// A row's state alternates between two buffers, so a row of length n ends in states[n % 2].
template <typename Real, Activation activation>
bool forward(const SimpleForward<Real>& call) {
  const Reading& reading = call.reading;
  const Size hidden = reading.hidden;
  Arena arena(call.workspace);
  SimpleScratch<Real> scratch(arena, reading);
  Active& active = scratch.active;
  pack(scratch.packed, call.weight_hh, hidden, hidden, 1, hidden);
  copy(scratch.states[0], call.initial, reading.batch * hidden);

  for (Size step = 0; step < reading.time; ++step) {
    active.find(reading, step);
    if (active.count == 0) break;
    Real* before = scratch.states[step % 2];
    Real* after = scratch.states[1 - step % 2];
    if (reading.resets != nullptr) {
      for (Size k = 0; k < active.count; ++k) {
        if (reading.resets[active.place[k]]) clear(before + active.row[k] * hidden, hidden);
      }
    }
    {
      DenormalsAreZero scope;
      multiply(
          active.count, scratch.packed, hidden, hidden,
          [&](Size k) { return before + active.row[k] * hidden; },
          [&](Size k, Size column, Size entries, Vector<Real> sum) {
            const Size place = active.place[k] * hidden + column;
            const auto state = activate<activation>(sum + load(call.projected + place, entries));
            store(after + active.row[k] * hidden + column, state, entries);
            store(call.outputs + place, state, entries);
          });
    }
    if (call.stop()) return false;
  }
  for (Size b = 0; b < reading.batch; ++b) {
    const Size length = length_of(reading, b);
    copy(call.final_state + b * hidden, scratch.states[length % 2] + b * hidden, hidden);
    clear(call.outputs + (b * reading.time + length) * hidden, (reading.time - length) * hidden);
  }
  return true;
}

// For each active row: the gradient by its pre-activation, and the state before the step.
template <typename Real, Activation activation>
void differentiate(const SimpleBackward<Real>& call, const Active& active, Size step,
                   const Real* carry, Real* delta) {
  const Size hidden = call.reading.hidden;
  const Size back = call.reading.reverse ? hidden : -hidden;
  for (Size k = 0; k < active.count; ++k) {
    const Size row = active.row[k] * hidden;
    const Size place = active.place[k] * hidden;
    for (Size j = 0; j < hidden; j += lanes<Real>) {
      const Size left = hidden - j;
      const auto total = load(call.grad_outputs + place + j, left) + load(carry + row + j, left);
      const auto result = total * slope<activation>(load(call.outputs + place + j, left));
      store(delta + row + j, result, left);
      store(call.grad_projected + place + j, result, left);
    }
    if (call.reading.resets != nullptr && call.reading.resets[active.place[k]]) {
      clear(call.previous + place, hidden);
    } else {
      copy(call.previous + place, step == 0 ? call.initial + row : call.outputs + place + back,
           hidden);
    }
  }
}

template <typename Real, Activation activation>
bool backward(const SimpleBackward<Real>& call) {
  const Reading& reading = call.reading;
  const Size hidden = reading.hidden;
  Arena arena(call.workspace);
  SimpleScratch<Real> scratch(arena, reading);
  Active& active = scratch.active;
  Real* carry = scratch.states[0];  // the gradient by the state, on its way back in time
  Real* delta = scratch.states[1];  // the gradient by the pre-activation of this step
  pack(scratch.packed, call.weight_hh, hidden, hidden, hidden, 1);
  copy(carry, call.grad_final, reading.batch * hidden);

  for (Size step = reading.time - 1; step >= 0; --step) {
    active.find(reading, step);
    {
      DenormalsAreZero scope;
      differentiate<Real, activation>(call, active, step, carry, delta);
      multiply(
          active.count, scratch.packed, hidden, hidden,
          [&](Size k) { return delta + active.row[k] * hidden; },
          [&](Size k, Size column, Size entries, Vector<Real> sum) {
            store(carry + active.row[k] * hidden + column, sum, entries);
          });
    }
    if (reading.resets != nullptr) {
      for (Size k = 0; k < active.count; ++k) {
        if (reading.resets[active.place[k]]) clear(carry + active.row[k] * hidden, hidden);
      }
    }
    if (call.stop()) return false;
  }
  copy(call.grad_initial, carry, reading.batch * hidden);
  for (Size b = 0; b < reading.batch; ++b) {
    const Size length = length_of(reading, b);
    const Size past = (b * reading.time + length) * hidden;
    clear(call.grad_projected + past, (reading.time - length) * hidden);
    clear(call.previous + past, (reading.time - length) * hidden);
  }
  return true;
}

template <typename Real>
bool simple_forward(const SimpleForward<Real>& call) {
  return call.activation == Activation::tanh ? forward<Real, Activation::tanh>(call)
                                             : forward<Real, Activation::relu>(call);
}

template <typename Real>
bool simple_backward(const SimpleBackward<Real>& call) {
  return call.activation == Activation::tanh ? backward<Real, Activation::tanh>(call)
                                             : backward<Real, Activation::relu>(call);
}

}  // namespace
}  // namespace elman::ELMAN_ISA
