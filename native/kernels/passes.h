// Both passes over a sequence, in parts.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/contract.h"
#include "kernels/backward.h"
#include "kernels/forward.h"
#include "kernels/parts.h"

namespace elman::ELMAN_ISA {
namespace {

template <typename Real>
Share threads_for(const Recurrence<Real>& what, const Reading& reading, Size wanted) {
  const auto steps = static_cast<double>(reading.batch) * static_cast<double>(reading.time);
  const Size row = what.hidden * gates_of(what.cell) * (what.inputs + what.recurrent + 8);
  return useful_threads(wanted, reading.batch, steps * static_cast<double>(row));
}

// ---- prepared weights ---------------------------------------------------------------------------

template <typename Real>
std::size_t prepared_bytes(const Recurrence<Real>& what) {
  Arena arena(nullptr);
  Plan<Real> plan(arena, what);
  return arena.used();
}

template <typename Real>
void prepare(const Recurrence<Real>& what, void* memory) {
  Arena arena(memory);
  Plan<Real> plan(arena, what);
  plan.fill();
}

// The plan that `prepare` filled; only `fill` would write to its memory.
template <typename Real>
Plan<Real> prepared_plan(const Recurrence<Real>& what, const void* prepared) {
  Arena arena(const_cast<void*>(prepared));
  return Plan<Real>(arena, what);
}

template <typename Real>
std::size_t table_bytes(const Recurrence<Real>& what, Size vocabulary) {
  return static_cast<std::size_t>(vocabulary * Sizes<Real>(what).row) * sizeof(Real);
}

template <typename Real>
void tabulate_plan(const Plan<Real>& plan, Size vocabulary, const Real* embedding, Real* table) {
  DenormalMode scope;
  constexpr Size at_once = 64;
  const Real* words[at_once];
  for (Size first = 0; first < vocabulary; first += at_once) {
    const Size count = vocabulary - first < at_once ? vocabulary - first : at_once;
    for (Size w = 0; w < count; ++w) words[w] = embedding + (first + w) * plan.sizes.inputs;
    project(plan, {0, plan.input.panels()}, count, words, table + first * plan.sizes.row,
            static_cast<Real* const*>(nullptr));
  }
}

template <typename Real>
void tabulate(const Recurrence<Real>& what, const void* prepared, Size vocabulary,
              const Real* embedding, Real* table) {
  tabulate_plan(prepared_plan(what, prepared), vocabulary, embedding, table);
}

template <typename Real>
std::size_t kept_size(const Recurrence<Real>& what, const Reading& reading) {
  return static_cast<std::size_t>(reading.batch * reading.time * Sizes<Real>(what).kept);
}

// ---- forward ------------------------------------------------------------------------------------

// What a forward call has in its workspace.
template <typename Real>
struct ForwardLayout {
  Plan<Real> plan;
  Real* table;  // of tokens, where none is given
  Size part_bytes;
  char* parts;  // their own buffers, one after the other

  ForwardLayout(Arena& arena, const Forward<Real>& call)
      : plan(call.prepared == nullptr ? Plan<Real>(arena, call.recurrence)
                                      : prepared_plan(call.recurrence, call.prepared)),
        table(arena.take<Real>(words(call) * plan.sizes.row)) {
    const Size count = call.threads->count();
    Arena part(nullptr);
    ForwardScratch<Real>(part, call, plan.sizes, units_divided(call, count) ? 1 : count);
    part_bytes = static_cast<Size>(part.used());
    parts = arena.take<char>(part_bytes * count);
  }

  static Size words(const Forward<Real>& call) {
    const bool made_here = call.tokens.ids != nullptr && call.tokens.table == nullptr;
    return made_here ? call.tokens.vocabulary : 0;
  }
};

template <typename Real>
std::size_t forward_workspace(const Forward<Real>& call) {
  Arena arena(nullptr);
  ForwardLayout<Real> layout(arena, call);
  return arena.used();
}

template <typename Real>
Share forward_threads(const Forward<Real>& call, Size wanted) {
  const Share by_rows = threads_for(call.recurrence, call.reading, wanted);
  const Sizes<Real> sizes(call.recurrence);
  constexpr Size large = 1 << 20;  // bytes: weights that no near cache holds
  const Size weights = sizes.recurrent * sizes.row * static_cast<Size>(sizeof(Real));
  const Size most = sizes.blocks / 8;
  const Size by_units = wanted < most ? wanted : most;
  const bool worth =
      weights >= large && by_units > by_rows.threads && units_divided(call, by_units);
  return worth ? Share{by_units, by_rows.long_parts} : by_rows;
}

template <typename Real>
bool forward(const Forward<Real>& call) {
  Arena arena(call.workspace);
  ForwardLayout<Real> layout(arena, call);
  Plan<Real>& plan = layout.plan;
  if (call.prepared == nullptr) plan.fill();
  const Size words = layout.words(call);
  if (words > 0) tabulate_plan(plan, words, call.tokens.embedding, layout.table);
  const Real* table = words > 0 ? layout.table : call.tokens.table;
  Barrier barrier(call.threads->count());
  return in_parts(*call.threads, call.stop, [&](Size part, Size parts, const Stop& stop) {
    Arena own(layout.parts + part * layout.part_bytes), first(layout.parts);
    const Division division = {part, parts, units_divided(call, parts) ? &barrier : nullptr};
    ForwardPass<Real>(call, plan, table, division, own, first).run(stop);
  });
}

// ---- backward -----------------------------------------------------------------------------------

// What a backward call has in its workspace.
template <typename Real>
struct BackLayout {
  BackPlan<Real> plan;
  Size total_bytes, part_bytes;
  char *totals, *parts;

  BackLayout(Arena& arena, const Backward<Real>& call) : plan(arena, call) {
    const Size count = call.threads->count();
    Arena total(nullptr), part(nullptr);
    Totals<Real>(total, plan);
    BackScratch<Real>(part, call, plan, count);
    total_bytes = static_cast<Size>(total.used());
    part_bytes = static_cast<Size>(part.used());
    totals = arena.take<char>(total_bytes * count);
    parts = arena.take<char>(part_bytes * count);
  }
  Totals<Real> totals_of(Size part) const {
    Arena arena(totals + part * total_bytes);
    return Totals<Real>(arena, plan);
  }
};

template <typename Real>
std::size_t backward_workspace(const Backward<Real>& call) {
  Arena arena(nullptr);
  BackLayout<Real> layout(arena, call);
  return arena.used();
}

template <typename Real>
Share backward_threads(const Backward<Real>& call, Size wanted) {
  return threads_for(call.recurrence, call.reading, wanted);
}

template <typename Real>
bool backward(const Backward<Real>& call) {
  Arena arena(call.workspace);
  BackLayout<Real> layout(arena, call);
  layout.plan.fill();
  const bool done =
      in_parts(*call.threads, call.stop, [&](Size part, Size parts, const Stop& stop) {
        Arena own(layout.parts + part * layout.part_bytes);
        BackPass<Real>(call, layout.plan, layout.totals_of(part), part, parts, own).run(stop);
      });
  if (!done) return false;
  DenormalMode scope;
  Totals<Real> totals = layout.totals_of(0);
  for (Size part = 1; part < call.threads->count(); ++part) totals.add(layout.totals_of(part));
  write_totals(call, layout.plan, totals);
  return true;
}

}  // namespace
}  // namespace elman::ELMAN_ISA
