#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace sortie {

namespace asio = boost::asio;

/// A lazily started coroutine on the one `io_context` thread. It starts when awaited; destroying it
/// before that does nothing. Expected failures come back as `Result`; an exception is a bug.
template <class T>
using Task = asio::awaitable<T>;

using Executor = asio::any_io_executor;

}  // namespace sortie
