// Arguments from Python as the calls of elman/contract.h.
#pragma once

#include <nanobind/nanobind.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "elman/contract.h"

namespace elman::python {

// What a step computes, from the tuple that `described` in elman/kernels/compiled.py makes:
// (cell, I, H, R, weights (ten of them, see there), forget_bias, cell_clip,
//  noise: None or (keys, steps, zoneout_hidden, zoneout_cell, recurrent_dropout, variational)).
template <typename Real>
Recurrence<Real> recurrence_of(nb::tuple given, std::ptrdiff_t batch, Buffers& buffers) {
  Recurrence<Real> what{};
  const auto cell = nb::cast<int>(given[0]);
  if (cell < 0 || cell > static_cast<int>(Cell::gru_before)) throw nb::value_error("no such cell");
  what.cell = static_cast<Cell>(cell);
  what.inputs = nb::cast<std::ptrdiff_t>(given[1]);
  what.hidden = nb::cast<std::ptrdiff_t>(given[2]);
  what.recurrent = nb::cast<std::ptrdiff_t>(given[3]);
  const std::ptrdiff_t H = what.hidden, R = what.recurrent;
  const std::ptrdiff_t rows = gates_of(what.cell) * H;
  const auto weights = nb::cast<nb::tuple>(given[4]);
  if (weights.size() != 10) throw nb::value_error("there are ten weights, some of them None");
  what.weight_ih = buffers.dense<const Real>(weights[0], "weight_ih", rows * what.inputs);
  what.weight_hh = buffers.dense<const Real>(weights[1], "weight_hh", rows * R);
  what.bias = buffers.dense<const Real>(weights[2], "bias", rows);
  what.recurrent_bias = buffers.dense<const Real>(weights[3], "recurrent_bias", H);
  what.peephole = buffers.dense<const Real>(weights[4], "peephole", 3 * H);
  what.projection = buffers.dense<const Real>(weights[5], "projection", R * H);
  what.norm_ih = buffers.dense<const Real>(weights[6], "norm_ih", rows);
  what.norm_hh = buffers.dense<const Real>(weights[7], "norm_hh", rows);
  what.norm_cell = buffers.dense<const Real>(weights[8], "norm_cell", 2 * H);
  what.second_bias = buffers.dense<const Real>(weights[9], "second_bias", rows);
  what.forget_bias = nb::cast<Real>(given[5]);
  what.cell_clip = nb::cast<Real>(given[6]);
  const nb::object noise = given[7];
  const bool norm = what.norm_ih != nullptr;
  const bool whole = !weights[0].is_none() && !weights[1].is_none() &&
                     norm == (what.norm_hh != nullptr) &&
                     (what.cell != Cell::lstm || norm == (what.norm_cell != nullptr)) &&
                     (what.projection != nullptr || R == H) &&
                     (what.recurrent_bias == nullptr || what.second_bias == nullptr);
  if (!whole) throw nb::value_error("these weights make no recurrence");
  if (noise.is_none()) return what;
  const auto parts = nb::cast<nb::tuple>(noise);
  what.noise_keys = buffers.dense<const std::int64_t>(parts[0], "noise.keys", batch);
  what.noise_steps = buffers.dense<const std::int64_t>(parts[1], "noise.steps", batch);
  if ((what.noise_keys == nullptr) != (what.noise_steps == nullptr)) {
    throw nb::value_error("noise.keys and noise.steps come together");
  }
  what.zoneout_hidden = nb::cast<double>(parts[2]);
  what.zoneout_cell = nb::cast<double>(parts[3]);
  what.recurrent_dropout = nb::cast<double>(parts[4]);
  what.variational = nb::cast<bool>(parts[5]);
  return what;
}

// How a batch is read; owns the order of its rows.
class ReadingOf {
 public:
  // `given`: (B, T, lengths, resets, reverse).
  ReadingOf(nb::tuple given, Buffers& buffers) {
    reading_.batch = nb::cast<std::ptrdiff_t>(given[0]);
    reading_.time = nb::cast<std::ptrdiff_t>(given[1]);
    reading_.resets = buffers.dense<const bool>(given[3], "resets", reading_.batch * reading_.time);
    reading_.reverse = nb::cast<bool>(given[4]);
    const auto* lengths = buffers.dense<const std::int64_t>(given[2], "lengths", reading_.batch);
    if (lengths == nullptr) return;
    bool all = true;
    for (std::ptrdiff_t b = 0; b < reading_.batch; ++b) {
      if (lengths[b] < 0 || lengths[b] > reading_.time) {
        throw nb::value_error("lengths must lie in 0...T");
      }
      all = all && lengths[b] == reading_.time;
    }
    if (all) return;
    order_.resize(static_cast<std::size_t>(reading_.batch));
    std::iota(order_.begin(), order_.end(), std::int64_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::int64_t a, std::int64_t b) { return lengths[a] > lengths[b]; });
    reading_.lengths = lengths;
    reading_.order = order_.data();
  }
  const Reading& get() const { return reading_; }

 private:
  Reading reading_{};
  std::vector<std::int64_t> order_;
};

// Inputs as ids, from None or (ids, V, embedding).
template <typename Real>
Tokens<Real> tokens_of(nb::handle given, const Reading& reading, std::ptrdiff_t inputs,
                       Buffers& buffers) {
  Tokens<Real> tokens{};
  if (given.is_none()) return tokens;
  const auto parts = nb::borrow<nb::tuple>(given);
  tokens.vocabulary = nb::cast<std::ptrdiff_t>(parts[1]);
  tokens.ids = buffers.dense<const std::int64_t>(parts[0], "ids", reading.batch * reading.time);
  tokens.embedding = buffers.dense<const Real>(parts[2], "embedding", tokens.vocabulary * inputs);
  if (tokens.ids == nullptr || tokens.embedding == nullptr) throw nb::value_error("no tokens");
  for (std::ptrdiff_t b = 0; b < reading.batch; ++b) {
    const std::ptrdiff_t length = reading.lengths == nullptr ? reading.time : reading.lengths[b];
    for (std::ptrdiff_t t = 0; t < length; ++t) {
      const std::int64_t id = tokens.ids[b * reading.time + t];
      if (id < 0 || id >= tokens.vocabulary) throw nb::value_error("ids must lie in 0...V-1");
    }
  }
  return tokens;
}

}  // namespace elman::python
