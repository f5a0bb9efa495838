// Work in parts, each on a thread of its own.
// Included by kernels.cpp only, once for each instruction set.
#pragma once

#include <cstddef>

#include "elman/parallel.h"
#include "kernels/products.h"

namespace elman::ELMAN_ISA {
namespace {

// Multiplications below which a part is not worth waking a thread.
constexpr double least_part = 100e3;
// And those after which a part asks whether to stop: well below a millisecond.
constexpr Size between_stops = 4'000'000;

// And above which it is long beside the turn that another program takes of a processor.
constexpr double long_part = 10e6;

// Threads that `work` multiplications over `pieces` independent pieces can use.
inline Share useful_threads(Size threads, Size pieces, double work) {
  const double most = work / least_part;
  if (threads > pieces) threads = pieces;
  if (static_cast<double>(threads) > most) threads = static_cast<Size>(most);
  if (threads < 1) threads = 1;
  return {threads, work >= long_part * static_cast<double>(threads)};
}

inline Size steps_between_stops(Size work_of_step) {
  return work_of_step >= between_stops ? 1 : between_stops / (work_of_step + 1);
}

// work(part, parts, stop) for each part.
template <typename Work>
bool in_parts(Threads& threads, const Stop& stop, const Work& work) {
  struct Context {
    const Work& work;
    Size parts;
  } context = {work, threads.count()};
  const Threads::Task task = [](void* given, Size part, const Stop& part_stop) {
    const auto& shared = *static_cast<const Context*>(given);
    shared.work(part, shared.parts, part_stop);
  };
  return threads.run(task, &context, stop);
}

}  // namespace
}  // namespace elman::ELMAN_ISA
