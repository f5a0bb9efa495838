// Drives the thread pool as kernels do: parts that wait for each other, many callers at once,
// nested calls, a stop, threads that end or fork meanwhile, and a job that outlives main. Made for
// the thread sanitizer. Prints what failed, exits with 1; a deadlock is ended by ctest's time
// limit.
//
// All of it is done on the pool's own threads and, where this machine has GCC's OpenMP, on a team
// of that, but for a thread that ends inside of a run: there OpenMP waits for its team for ever.
//
// The argument "emulated" leaves out what forks, for of qemu's own threads the child has none
// either; and OpenMP, whose threads wait awake.
#include "elman/parallel.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

using elman::Stop;
using elman::Threads;

std::atomic<int> failures{0};
std::ptrdiff_t team = 0;  // of OpenMP, while that is tried

void expect(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  std::printf("FAILED: %s\n", what);
}

// Makes a task of a function object that takes (part, stop).
template <typename Work>
bool run(Threads& threads, Work work, const Stop& stop = {}) {
  const auto task = [](void* context, std::ptrdiff_t part, const Stop& asked) {
    (*static_cast<Work*>(context))(part, asked);
  };
  return threads.run(task, &work, stop);
}

// Parts meet here at every step. False where a stop came first.
class Barrier {
 public:
  explicit Barrier(std::ptrdiff_t parts) : parts_(parts) {}

  bool meet(std::ptrdiff_t step, const Stop& stop) {
    ++arrived_;
    while (arrived_ < parts_ * (step + 1)) {
      if (stop()) return false;
      std::this_thread::yield();
    }
    return true;
  }

 private:
  std::ptrdiff_t parts_;
  std::atomic<std::ptrdiff_t> arrived_{0};
};

// A recurrence whose every step reads what all the other parts wrote in the step before: plain
// memory, so that a missing order of reads and writes is a data race. Whether its result is right.
bool recurrence_is_right(std::ptrdiff_t wanted) {
  constexpr std::ptrdiff_t steps = 20;
  Threads threads(wanted, team);
  const std::ptrdiff_t parts = threads.count();
  std::vector<long> sums(static_cast<std::size_t>(parts * (steps + 1)), 1);
  Barrier barrier(parts);
  const bool done = run(threads, [&](std::ptrdiff_t part, const Stop& stop) {
    for (std::ptrdiff_t step = 0; step < steps; ++step) {
      const long* before = &sums[static_cast<std::size_t>(parts * step)];
      long sum = 0;
      for (std::ptrdiff_t k = 0; k < parts; ++k) sum = (sum + before[k]) % 1'000'003;
      sums[static_cast<std::size_t>(parts * (step + 1) + part)] = sum;
      if (!barrier.meet(step, stop)) return;
    }
  });
  long value = 1;
  for (std::ptrdiff_t step = 0; step < steps; ++step) value = value * parts % 1'000'003;
  for (std::ptrdiff_t k = 0; k < parts; ++k) {
    if (sums[static_cast<std::size_t>(parts * steps + k)] != value) return false;
  }
  return done;
}

void test_threads_that_cannot_be_made() {
#ifdef __GLIBC__
  pthread_attr_t usual, huge;
  pthread_getattr_default_np(&usual);
  pthread_attr_init(&huge);
  pthread_attr_setstacksize(&huge, std::size_t{1} << 50);
  pthread_setattr_default_np(&huge);
  expect(Threads(4, team).count() == 1, "without memory for stacks there is the caller's thread");
  pthread_setattr_default_np(&usual);
#endif
}

void test_counts() {
  for (const std::ptrdiff_t wanted : {-1, 0, 1}) {
    expect(Threads(wanted, team).count() == 1, "there is always the caller's thread");
  }
  expect(Threads(4, team).count() == 4, "as many threads as are wanted");
  expect(Threads(2, team).count() == 2, "and no more");
  const Threads first(3, team);
  expect(Threads(3, team).count() == 1, "what is lent is not lent again");
}

void test_runs() {
  for (const std::ptrdiff_t wanted : {1, 2, 5, 3}) {
    for (int k = 0; k < 50; ++k) expect(recurrence_is_right(wanted), "runs in a row");
  }
  for (int k = 0; k < 5; ++k) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the helpers fall asleep
    expect(recurrence_is_right(3), "a run after a pause");
  }
  Threads threads(3, team);
  const auto caller = std::this_thread::get_id();
  std::vector<std::thread::id> ids(3);
  run(threads, [&](std::ptrdiff_t part, const Stop&) { ids[part] = std::this_thread::get_id(); });
  expect(ids[0] == caller, "part 0 runs on the caller's thread");
  expect(ids[1] != ids[2] && ids[1] != caller && ids[2] != caller, "and the others elsewhere");
}

void test_nested_calls() {
  std::atomic<int> right{0};
  Threads threads(3, team);
  run(threads, [&](std::ptrdiff_t, const Stop&) {
    if (Threads(3, team).count() == 1 && recurrence_is_right(3)) ++right;
  });
  expect(right == 3, "a call inside of a part runs alone");
}

void test_many_callers() {
  std::atomic<int> right{0};
  std::vector<std::thread> callers;
  for (int k = 0; k < 64; ++k) {
    callers.emplace_back([&] {
      for (int n = 0; n < 20; ++n) right += recurrence_is_right(3);
    });
  }
  for (std::thread& caller : callers) caller.join();
  expect(right == 64 * 20, "64 threads call at once");
}

// Says yes at its third question, then no again.
struct ThirdTime {
  std::thread::id caller = std::this_thread::get_id();
  int asked = 0;
  bool asked_elsewhere = false;

  static bool ask(void* context) {
    auto& self = *static_cast<ThirdTime*>(context);
    if (std::this_thread::get_id() != self.caller) self.asked_elsewhere = true;
    return ++self.asked == 3;
  }
};

void test_stop() {
  for (const std::ptrdiff_t wanted : {1, 3}) {
    ThirdTime third;
    Threads threads(wanted, team);
    const bool done = run(threads,
                          [](std::ptrdiff_t, const Stop& stop) {
                            while (!stop()) std::this_thread::yield();
                            expect(stop(), "a stop is not taken back");
                          },
                          {&ThirdTime::ask, &third});
    expect(!done && third.asked == 3, "all parts stop when the caller is told to");
    expect(!third.asked_elsewhere, "only the caller's thread asks");
  }
  ThirdTime third;
  Threads threads(3, team);
  const bool done = run(threads,
                        [](std::ptrdiff_t part, const Stop& stop) {
                          while (part > 0 && !stop()) std::this_thread::yield();
                        },
                        {&ThirdTime::ask, &third});
  expect(!done && third.asked == 3, "the caller asks while it waits");
  expect(run(threads, [](std::ptrdiff_t, const Stop& stop) { expect(!stop(), "no old stop"); }),
         "the next run is a new one");
}

// Python ends its remaining threads so: inside of `stop`, where they ask for the lock.
void test_thread_that_ends_in_stop() {
  std::atomic<int> ended{0};
  std::thread caller([&] {
    Threads threads(3, team);
    const Stop end{[](void*) -> bool { pthread_exit(nullptr); }, nullptr};
    run(
        threads,
        [&](std::ptrdiff_t, const Stop& stop) {
          while (!stop()) std::this_thread::yield();
          ++ended;
        },
        end);
  });
  caller.join();
  expect(ended == 2, "the helpers end with the caller");
  expect(Threads(3, team).count() == 3, "and are free again");
  expect(recurrence_is_right(3), "and work");
}

// The thread sanitizer allows no new threads in the child of a process that had several.
#ifndef __SANITIZE_THREAD__
constexpr unsigned patience = 30;  // seconds until a child that hangs is ended

bool ended_well(pid_t child) {
  int status = 1;
  waitpid(child, &status, 0);
  return status == 0;
}

void test_fork() {
  std::atomic<bool> over{false};
  std::thread busy([&] {
    while (!over) expect(recurrence_is_right(3), "a run while others fork");
  });
  for (int k = 0; k < 20; ++k) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(patience);
      _exit(Threads(3, team).count() == 3 && recurrence_is_right(3) ? 0 : 1);
    }
    expect(ended_well(child), "a child makes its own threads");
  }
  over = true;
  busy.join();
}

struct ForkOnce {
  pid_t child = -1;
  std::atomic<bool> in_parent{false};

  static bool ask(void* context) {
    auto& self = *static_cast<ForkOnce*>(context);
    if (self.child == -1) {
      self.child = fork();
      if (self.child == 0) alarm(patience);
      self.in_parent = self.child > 0;
    }
    return false;
  }
};

void test_fork_in_stop() {
  for (const bool waiting : {false, true}) {
    ForkOnce forking;
    Threads threads(3, team);
    const bool done = run(threads,
                          [&](std::ptrdiff_t part, const Stop& stop) {
                            if (part == 0 && waiting) return;
                            while (!forking.in_parent && !stop()) std::this_thread::yield();
                          },
                          {&ForkOnce::ask, &forking});
    if (forking.child == 0) _exit(!done && recurrence_is_right(3) ? 0 : 1);
    expect(done, "a run that forked goes on in the parent");
    expect(ended_well(forking.child), "and ends in the child");
  }
}
#endif

// What still runs when main returns must neither hold the process nor break it.
void leave_a_run_behind() {
  static std::atomic<bool> runs{false};
  std::thread([] {
    Threads threads(3, team);
    run(threads, [](std::ptrdiff_t, const Stop& stop) {
      while (!stop()) runs = true;
    });
  }).detach();
  while (!runs) std::this_thread::yield();
}

// GCC's OpenMP, whose threads a run may use; null: this machine has none.
const elman::OpenMP* openmp_here() {
  static elman::OpenMP library;
  void* const loaded = dlopen("libgomp.so.1", RTLD_NOW);
  if (loaded == nullptr) return nullptr;
  const auto find = [loaded](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(loaded, name));
    return function != nullptr;
  };
  const bool whole =
      find(library.parallel, "GOMP_parallel") && find(library.num_threads, "omp_get_num_threads") &&
      find(library.in_parallel, "omp_in_parallel") && find(library.dynamic, "omp_get_dynamic") &&
      find(library.thread_limit, "omp_get_thread_limit");
  return whole ? &library : nullptr;
}

void test_all([[maybe_unused]] bool forks) {
  test_counts();
  test_runs();
  test_nested_calls();
  test_many_callers();
  test_stop();
#ifndef __SANITIZE_THREAD__
  if (forks) {
    test_fork();
    test_fork_in_stop();
  }
#endif
}

}  // namespace

int main(int count, char** words) {
  const bool emulated = count > 1 && std::strcmp(words[1], "emulated") == 0;
#ifdef __SANITIZE_THREAD__
  std::printf("not tested: fork, which the thread sanitizer does not follow\n");
#endif
  if (emulated) std::printf("not tested: fork, which the emulator's threads do not survive\n");
  test_threads_that_cannot_be_made();
  test_all(!emulated);
  test_thread_that_ends_in_stop();
  const elman::OpenMP* const library = emulated ? nullptr : openmp_here();
  if (library != nullptr) {
    elman::use_openmp(library);
    team = 5;
    test_all(!emulated);
    team = 0;
    expect(recurrence_is_right(3), "what asks for no team has none");
    elman::use_openmp(nullptr);
  } else {
    std::printf("not tested: OpenMP, which is emulated slowly, or not on this machine\n");
  }
  leave_a_run_behind();
  std::printf(failures == 0 ? "the pool holds\n" : "%d failures\n", failures.load());
  return failures == 0 ? 0 : 1;
}
