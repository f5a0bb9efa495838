// The pool behind Threads: helpers that wait for jobs, first awake, then asleep.
//
// The pool is never destroyed: a helper may still be at work, or asleep, when the process exits.
// After a fork the child has none of the helpers and no say over the locks they held, so it leaves
// the pool where it is and makes another one.
//
// Where another library of the process computes with OpenMP, its team takes the helpers' place: its
// threads are awake already, and would hold the processors against helpers of our own.
#include "elman/parallel.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#ifndef _WIN32
#include <pthread.h>

#include <csignal>
#endif

namespace elman {

class Pool;

namespace {

constinit std::atomic<Pool*> current{nullptr};
constinit std::atomic<const OpenMP*> openmp{nullptr};
constinit std::atomic<bool> team_borrowed{false};
constinit std::atomic<unsigned> forks{0};  // between the first process and this one

// Signals are for the threads of the program, not for a helper; but what it does wrong itself must
// be reported.
void leave_signals_to_others() {
#ifndef _WIN32
  sigset_t others;
  sigfillset(&others);
  for (const int own : {SIGBUS, SIGFPE, SIGILL, SIGSEGV}) sigdelset(&others, own);
  pthread_sigmask(SIG_SETMASK, &others, nullptr);
#endif
}

#ifndef _WIN32
[[maybe_unused]] const int watched = pthread_atfork(nullptr, nullptr, [] {
  current = nullptr;
  openmp = nullptr;
  team_borrowed = false;
  ++forks;
});
#endif

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits awake for what often comes at once: falling asleep and waking takes longer. Gives up after
// some 100 µs, so that a process without work costs nothing.
template <typename Ready>
bool comes_soon(const Ready& ready) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::microseconds(100);
  do {
    for (int k = 0; k < 64; ++k) {
      if (ready()) return true;
      relax();
    }
    std::this_thread::yield();
  } while (Clock::now() < end);
  return ready();
}

}  // namespace

// One run; it lives on the caller's stack.
struct Job {
  Threads::Task task;
  void* context;
  const Stop& stop;
  std::atomic<std::ptrdiff_t> unfinished;  // parts of helpers
  std::atomic<bool> stopped{false};
  const unsigned born = forks.load();

  // In a child whose parent ran this job: no helper will ever finish its part.
  bool left_behind() const { return born != forks.load(); }
  bool finished() const { return unfinished.load(std::memory_order_acquire) == 0; }

  static bool ask_caller(void* context) {
    Job& job = *static_cast<Job*>(context);
    if (!job.stopped && (job.stop() || job.left_behind())) job.stopped = true;
    return job.stopped;
  }
  static bool ask_helper(void* context) { return static_cast<Job*>(context)->stopped; }
};

namespace {

// What one helper waits at.
class Desk {
 public:
  void give(Job& job) {
    job_.store(&job, std::memory_order_release);
    mutex_.lock();  // so the helper is not just between looking and falling asleep
    mutex_.unlock();
    given_.notify_one();
  }

  Job& take() {
    const auto given = [this] { return job_.load(std::memory_order_acquire) != nullptr; };
    if (!comes_soon(given)) {
      std::unique_lock lock(mutex_);
      given_.wait(lock, given);
    }
    return *job_.exchange(nullptr, std::memory_order_acquire);
  }

 private:
  alignas(64) std::atomic<Job*> job_{nullptr};
  std::mutex mutex_;
  std::condition_variable given_;
};

}  // namespace

class Pool {
 public:
  // The pool of this process.
  static Pool& get() {
    if (Pool* pool = current) return *pool;
    Pool* const made = new Pool;
    Pool* found = nullptr;
    if (current.compare_exchange_strong(found, made)) return *made;
    delete made;  // another thread was faster
    return *found;
  }

  bool borrow() { return !borrowed_.exchange(true, std::memory_order_acquire); }
  void give_back() { borrowed_.store(false, std::memory_order_release); }

  // Makes helpers until there are `wanted`, or no more can be had. How many of them are there.
  std::ptrdiff_t grow(std::ptrdiff_t wanted) {
    while (size() < wanted && add()) {
    }
    return size() < wanted ? size() : wanted;
  }

  void start(Job& job, std::ptrdiff_t helpers) {
    for (std::ptrdiff_t k = 0; k < helpers; ++k) desks_[static_cast<std::size_t>(k)].give(job);
  }

  // Waits for the helpers, asking the caller's stop every now and then if `asking`.
  void wait(Job& job, bool asking) {
    const auto finished = [&job] { return job.finished(); };
    if (job.left_behind() || comes_soon(finished)) return;
    std::unique_lock lock(mutex_);
    while (!finished_.wait_for(lock, std::chrono::milliseconds(5), finished)) {
      lock.unlock();
      if (asking) Job::ask_caller(&job);
      if (job.left_behind()) return;
      lock.lock();
    }
  }

 private:
  std::ptrdiff_t size() const { return static_cast<std::ptrdiff_t>(desks_.size()); }

  bool add() {
    const std::ptrdiff_t part = size() + 1;
    try {
      Desk& desk = desks_.emplace_back();
      std::thread([this, &desk, part] { serve(desk, part); }).detach();
    } catch (const std::exception&) {  // no memory, or no more threads allowed
      if (size() == part) desks_.pop_back();
      return false;
    }
    return true;
  }

  [[noreturn]] void serve(Desk& desk, std::ptrdiff_t part) noexcept {
    leave_signals_to_others();
    while (true) {
      Job& job = desk.take();
      job.task(job.context, part, Stop{&Job::ask_helper, &job});
      if (job.unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        mutex_.lock();  // the caller's turn, as above; the job may be gone by now
        mutex_.unlock();
        finished_.notify_one();
      }
    }
  }

  std::atomic<bool> borrowed_{false};
  std::deque<Desk> desks_;  // the borrower's; a deque never moves them
  std::mutex mutex_;
  std::condition_variable finished_;
};

Barrier::Barrier(std::ptrdiff_t parts) : parts_(parts) {}

bool Barrier::meet(std::ptrdiff_t turn, const Stop& stop) {
  const std::atomic_ref arrived(arrived_);
  const std::ptrdiff_t wanted = turn * parts_;
  if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 >= wanted) return true;
  while (true) {
    for (int k = 0; k < 500; ++k) {
      if (arrived.load(std::memory_order_acquire) >= wanted) return true;
      relax();
    }
    if (stop()) return false;
    std::this_thread::yield();  // another program may be in the way
  }
}

// ---- a team of OpenMP -------------------------------------------------------------------------

namespace {

// Thrown in the child of a fork, on the caller's thread, over OpenMP's frames: there is no team any
// more that could end together.
struct LeftBehind {};

struct Team {
  Job& job;
  const OpenMP& library;
  std::ptrdiff_t count;  // parts
  std::ptrdiff_t size;   // threads
  std::thread::id caller = std::this_thread::get_id();
  std::atomic<bool> begun{false};
  std::atomic<bool> refused{false};
  std::atomic<std::ptrdiff_t> next{1};
  std::atomic<std::ptrdiff_t> left{0};  // threads that touch this team no more

  // `begun` and `left` say again what OpenMP's own barriers order, whom a sanitizer does not see:
  // what the caller wrote before, the threads read; what they touched last, the caller may reuse.
  static void work(void* given) {
    Team& team = *static_cast<Team*>(given);
    while (!team.begun.load(std::memory_order_acquire)) relax();
    if (team.library.num_threads() < team.size) {
      team.refused = true;
    } else if (std::this_thread::get_id() == team.caller) {
      team.lead();
    } else {
      team.help();
    }
    team.left.fetch_add(1, std::memory_order_release);
  }

  void lead() {
    job.task(job.context, 0, Stop{&Job::ask_caller, &job});
    while (!job.left_behind() && !comes_soon([this] { return job.finished(); })) {
      Job::ask_caller(&job);
    }
    if (job.left_behind()) throw LeftBehind{};
  }

  void help() {
    const std::ptrdiff_t part = next.fetch_add(1);
    if (part >= count) return;
    job.task(job.context, part, Stop{&Job::ask_helper, &job});
    job.unfinished.fetch_sub(1, std::memory_order_acq_rel);
  }
};

// Whether a region would have so many threads, were one not in another.
bool grants(const OpenMP& library, std::ptrdiff_t threads) {
  return library.dynamic() == 0 && library.thread_limit() >= threads;
}

}  // namespace

void use_openmp(const OpenMP* library) {
  openmp = library;
}

Threads::Threads(std::ptrdiff_t wanted, std::ptrdiff_t team) {
  if (wanted <= 1) return;
  const OpenMP* library = team > 0 ? openmp.load() : nullptr;
  if (library != nullptr && grants(*library, team)) {
    if (library->in_parallel() != 0) return;
    if (team_borrowed.exchange(true, std::memory_order_acquire)) return;
    openmp_ = library;
    team_ = team < wanted ? wanted : team;
    count_ = wanted;
    return;
  }
  Pool& pool = Pool::get();
  if (!pool.borrow()) return;
  pool_ = &pool;
  count_ = 1 + pool.grow(wanted - 1);
}

Threads::~Threads() {
  if (pool_ != nullptr) pool_->give_back();
  if (openmp_ != nullptr) team_borrowed.store(false, std::memory_order_release);
}

std::ptrdiff_t Threads::count() const {
  return count_;
}

bool Threads::run(Task task, void* context, const Stop& stop) {
  Job job{task, context, stop, count_ - 1};
  if (openmp_ != nullptr) return run_in_team(job);
  if (pool_ != nullptr) pool_->start(job, count_ - 1);
  try {
    task(context, 0, Stop{&Job::ask_caller, &job});
    if (pool_ != nullptr) pool_->wait(job, true);
  } catch (...) {  // `stop` ended this thread, as Python does to one that outlives it
    job.stopped = true;
    if (pool_ != nullptr) pool_->wait(job, false);
    throw;
  }
  return !job.stopped;
}

bool Threads::run_in_team(Job& job) {
  Team team{job, *openmp_, count_, team_};
  team.begun.store(true, std::memory_order_release);
  try {
    openmp_->parallel(&Team::work, &team, static_cast<unsigned>(team_), 0);
  } catch (const LeftBehind&) {
    return false;
  } catch (...) {  // as above: the parts must not outlive what they work on
    job.stopped = true;
    while (!job.left_behind() && !job.finished()) std::this_thread::yield();
    throw;
  }
  if (team.refused) throw std::runtime_error("OpenMP gave fewer threads than it had said");
  while (team.left.load(std::memory_order_acquire) < team_) relax();
  return !job.stopped;
}

}  // namespace elman
