// Running a kernel from Python: threads, scratch memory, Ctrl-C.
#pragma once

#include <nanobind/nanobind.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <stdexcept>

#include "bindings/memory.h"
#include "elman/contract.h"
#include "elman/parallel.h"

namespace elman::python {

namespace nb = nanobind;

// Lets Ctrl-C end a long call: every 50 ms Python may run its signal handlers.
class Interruption {
 public:
  Stop stop() { return {&ask, this}; }

 private:
  using Clock = std::chrono::steady_clock;

  static bool ask(void* context) {
    auto& self = *static_cast<Interruption*>(context);
    const auto now = Clock::now();
    if (now < self.next_) return false;
    self.next_ = now + std::chrono::milliseconds(50);
    nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
  }

  Clock::time_point next_ = Clock::now() + std::chrono::milliseconds(50);
};

// Why a kernel ended early: an exception of a signal's handler (KeyboardInterrupt) goes on from
// here; in the child of a fork that a handler made, there is none.
[[noreturn]] inline void throw_stopped() {
  if (PyErr_Occurred() != nullptr) throw nb::python_error();
  throw std::runtime_error("the kernel was stopped before its end");
}

// Runs a kernel on up to `wanted` threads without the GIL.
template <typename Call>
void run(bool (*kernel)(const Call&), std::size_t (*workspace)(const Call&),
         Share (*useful)(const Call&, std::ptrdiff_t), Call& call, std::ptrdiff_t wanted) {
  Interruption interruption;
  call.stop = interruption.stop();
  bool done = false;
  {
    nb::gil_scoped_release release;
    const Share share = useful(call, wanted);
    Threads threads(share.threads, share.long_parts ? wanted : 0);
    call.threads = &threads;
    const Memory memory(workspace(call));
    call.workspace = memory.get();
    done = kernel(call);
  }
  if (!done) throw_stopped();
}

// Runs two independent calls: each on a thread of its own where that keeps as many threads busy as
// one after the other would. (Then each packs and reads its own weights only.)
template <typename Call>
void run_both(bool (*kernel)(const Call&), std::size_t (*workspace)(const Call&),
              Share (*useful)(const Call&, std::ptrdiff_t), std::array<Call*, 2> calls,
              std::ptrdiff_t wanted) {
  Call together = *calls[0];
  together.reading.batch *= 2;
  const Share both = useful(together, wanted);
  const bool at_once = both.threads > 1 && (wanted == 2 || calls[0]->reading.batch <= wanted / 2);
  Threads threads(at_once ? 2 : 1, both.long_parts ? wanted : 0);
  if (threads.count() < 2) {
    for (Call* call : calls) run(kernel, workspace, useful, *call, wanted);
    return;
  }
  struct Pair {
    bool (*kernel)(const Call&);
    std::array<Call*, 2> calls;
  } pair = {kernel, calls};
  const Threads::Task task = [](void* context, std::ptrdiff_t part, const Stop& stop) {
    auto& [run_one, both] = *static_cast<Pair*>(context);
    Call& call = *both[static_cast<std::size_t>(part)];
    call.stop = stop;
    run_one(call);
  };
  Interruption interruption;
  bool done = false;
  {
    nb::gil_scoped_release release;
    Threads first(1), second(1);
    calls[0]->threads = &first;
    calls[1]->threads = &second;
    const Memory first_memory(workspace(*calls[0])), second_memory(workspace(*calls[1]));
    calls[0]->workspace = first_memory.get();
    calls[1]->workspace = second_memory.get();
    done = threads.run(task, &pair, interruption.stop());
  }
  if (!done) throw_stopped();
}

}  // namespace elman::python
