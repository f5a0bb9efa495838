// What queries find in their sources: scores, softmax, context.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "kernels/activations.h"
#include "kernels/norm.h"
#include "kernels/parts.h"
#include "kernels/vectors.h"

namespace elman::ELMAN_ISA {
namespace {

// Steps of a source whose scores are made at once, and vectors of a context.
constexpr Size steps_at_once = 4;
constexpr Size context_vectors = 4;

// The scores of `count` steps; each sum runs over the features upwards, lane by lane.
template <Size count, typename Real>
ELMAN_INLINE void score(const Attention<Real>& call, const Real* query, const Real* keys,
                        Real* scores) {
  Vector<Real> sums[count] = {};
  for (Size k = 0; k < call.depth; k += lanes<Real>) {
    const Size valid = call.depth - k;
    const auto wanted = load(query + k, valid);
    Vector<Real> key[count];
    for (Size s = 0; s < count; ++s) key[s] = load(keys + s * call.depth + k, valid);
    if (call.energy == nullptr) {
      for (Size s = 0; s < count; ++s) sums[s] += wanted * key[s];
      continue;
    }
    const auto energy = load(call.energy + k, valid);
    for (Size s = 0; s < count; ++s) key[s] += wanted;
    tangent(key);
    for (Size s = 0; s < count; ++s) sums[s] += energy * key[s];
  }
  for (Size s = 0; s < count; ++s) scores[s] = total_of<Real>(sums[s]);
}

// Scores become shares of one, in place.
template <typename Real>
void share(Real* scores, Size length) {
  Real most = scores[0];
  for (Size s = 1; s < length; ++s) most = scores[s] > most ? scores[s] : most;
  using E = Exponential<Vector<Real>>;
  Vector<Real> sum = {};
  for (Size s = 0; s < length; s += lanes<Real>) {
    const Size valid = length - s;
    Vector<Real> less[] = {at_most(Vector<Real>{} + E::extreme, most - load(scores + s, valid))};
    Vector<Real> power[1], rest[1];
    exponential<-1>(less, power, rest);
    const auto shares = first_lanes<Real>(power[0] * (1 - rest[0]), valid);
    sum += shares;
    store(scores + s, shares, valid);
  }
  const Real total = total_of<Real>(sum);
  for (Size s = 0; s < length; s += lanes<Real>) {
    store(scores + s, load(scores + s, length - s) / total, length - s);
  }
}

// `count` vectors of a context; each sum runs over the steps upwards.
template <Size count, typename Real>
ELMAN_INLINE void mix(const Attention<Real>& call, const Real* values, const Real* shares,
                      Size length, Size first, Real* context) {
  Vector<Real> sums[count] = {};
  for (Size s = 0; s < length; ++s) {
    const Real* step = values + s * call.features + first;
    for (Size j = 0; j < count; ++j) {
      sums[j] += shares[s] * load(step + j * lanes<Real>, call.features - first - j * lanes<Real>);
    }
  }
  for (Size j = 0; j < count; ++j) {
    store(context + first + j * lanes<Real>, sums[j], call.features - first - j * lanes<Real>);
  }
}

template <typename Real>
void look(const Attention<Real>& call, Size q) {
  const Size source = static_cast<Size>(call.sources[q]);
  const Size length = static_cast<Size>(call.lengths[source]);
  const Real* query = call.queries + q * call.depth;
  const Real* keys = call.keys + source * call.steps * call.depth;
  const Real* values = call.values + source * call.steps * call.features;
  Real* shares = call.weights + q * call.steps;
  Real* context = call.contexts + q * call.features;
  clear(shares + length, call.steps - length);
  if (length == 0) return clear(context, call.features);
  Size s = 0;
  for (; s + steps_at_once <= length; s += steps_at_once) {
    score<steps_at_once>(call, query, keys + s * call.depth, shares + s);
  }
  for (; s < length; ++s) score<1>(call, query, keys + s * call.depth, shares + s);
  share(shares, length);
  constexpr Size block = context_vectors * lanes<Real>;
  Size m = 0;
  for (; m + block <= call.features; m += block) {
    mix<context_vectors>(call, values, shares, length, m, context);
  }
  for (; m < call.features; m += lanes<Real>) mix<1>(call, values, shares, length, m, context);
}

template <typename Real>
Size work_of_query(const Attention<Real>& call) {
  const Size activations = call.energy == nullptr ? 1 : 16;
  return call.steps * (call.depth * activations + call.features);
}

template <typename Real>
Share attention_threads(const Attention<Real>& call, Size wanted) {
  const auto work = static_cast<double>(work_of_query(call));
  return useful_threads(wanted, call.count, work * static_cast<double>(call.count));
}

template <typename Real>
std::size_t attention_workspace(const Attention<Real>&) {
  return 0;
}

template <typename Real>
bool attention(const Attention<Real>& call) {
  return in_parts(*call.threads, call.stop, [&](Size part, Size parts, const Stop& stop) {
    const Size at_once = steps_between_stops(work_of_query(call));
    const Size end = call.count * (part + 1) / parts;
    for (Size first = call.count * part / parts; first < end && !stop(); first += at_once) {
      DenormalMode scope;
      const Size last = first + at_once < end ? first + at_once : end;
      for (Size q = first; q < last; ++q) look(call, q);
    }
  });
}

}  // namespace
}  // namespace elman::ELMAN_ISA
