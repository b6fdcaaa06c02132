#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <memory>

#include "base/deadline.h"
#include "base/task.h"

namespace sortie::http {

/// One timer for the deadlines of many connections: setting a deadline stores a value, and the timer is
/// armed again only when the new deadline comes before it. It stops when nothing has a deadline.
/// io_context thread only.
class Deadlines : public std::enable_shared_from_this<Deadlines> {
 public:
  class Entry : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    virtual ~Entry() = default;

   protected:
    /// The earliest deadline has passed. Must set `due` anew; must not destroy entries.
    virtual void on_deadline(Deadline now) = 0;
    Deadline due = k_no_deadline;
    friend class Deadlines;
  };

  explicit Deadlines(const Executor& executor) : timer_(executor) {}

  void add(Entry& entry) { entries_.push_back(entry); }
  /// To be called after an entry's `due` became `at`.
  void note(Deadline at) {
    if (at < armed_) arm(at);
  }

 private:
  void arm(Deadline at);
  void sweep();

  asio::steady_timer timer_;
  Deadline armed_ = k_no_deadline;
  boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>> entries_;
};

}  // namespace sortie::http
