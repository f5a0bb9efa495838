// Running a kernel from Python: threads, scratch memory, Ctrl-C.
#pragma once

#include <nanobind/nanobind.h>

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

// Runs a kernel on up to `wanted` threads without the GIL; a handler's exception
// (KeyboardInterrupt) goes on from here.
template <typename Call>
void run(bool (*kernel)(const Call&), std::size_t (*workspace)(const Call&),
         std::ptrdiff_t (*useful)(const Call&, std::ptrdiff_t), Call& call, std::ptrdiff_t wanted) {
  Interruption interruption;
  call.stop = interruption.stop();
  bool done = false;
  {
    nb::gil_scoped_release release;
    Threads threads(useful(call, wanted));
    call.threads = &threads;
    const Memory memory(workspace(call));
    call.workspace = memory.get();
    done = kernel(call);
  }
  if (done) return;
  if (PyErr_Occurred() != nullptr) throw nb::python_error();
  throw std::runtime_error("the kernel was stopped before its end");
}

}  // namespace elman::python
