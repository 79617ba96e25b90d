package org.folkmoot.peer.transport;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.BUSY;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.folkmoot.base.FolkmootException;

/** Netty's threads, as both transports start and stop them, and the ports they listen on. */
final class Loops {
  /** Nothing waits in them any more when they are stopped. */
  private static final int STOP_SECONDS = 1;

  /** For threads that do not get a processor: links tell their end on them. */
  private static final int MOST_SECONDS = 10;

  private Loops() {}

  static EventLoopGroup start(String name, int threads) {
    return new MultiThreadIoEventLoopGroup(
        threads, new DefaultThreadFactory(name, true), NioIoHandler.newFactory());
  }

  static void stop(EventLoopGroup... groups) {
    List<Future<?>> stopping = new ArrayList<>();
    for (EventLoopGroup group : groups) {
      stopping.add(group.shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS));
    }
    stopping.forEach(each -> each.awaitUninterruptibly(MOST_SECONDS, TimeUnit.SECONDS));
  }

  /** Why a port cannot be had. */
  static FolkmootException cannotListen(InetSocketAddress at, Throwable fault) {
    String where = at.getHostString() + ":" + at.getPort();
    if (at.isUnresolved()) {
      return new FolkmootException(
          BAD_REQUEST, "the host of \"" + where + "\" is unknown: give --listen another", fault);
    }
    String said = String.valueOf(fault.getMessage()).toLowerCase(Locale.ROOT);
    if (fault instanceof BindException && said.contains("in use")) {
      return new FolkmootException(
          BUSY,
          "another program has the port of "
              + where
              + ": choose another with --listen HOST:PORT, or :0 for any free one",
          fault);
    }
    return new FolkmootException(
        BAD_REQUEST,
        "this machine cannot listen on " + where + ": give --listen an address that it has",
        fault);
  }
}
