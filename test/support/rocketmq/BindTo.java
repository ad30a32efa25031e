import java.lang.reflect.Field;
import java.net.InetAddress;
import java.util.Arrays;

/**
 * Runs another program, all of whose servers that would listen on every address listen on one.
 *
 * RocketMQ's gRPC port cannot be bound to an address, and in local mode a proxy sends clients to every broker at its own
 * port. So two of them on one machine need one port at two addresses of loopback.
 *
 * Arguments: the address, the program's main class, its arguments.
 */
public class BindTo {
  public static void main(String[] args) throws Exception {
    Field resolver = InetAddress.class.getDeclaredField("impl");
    resolver.setAccessible(true);
    Object impl = resolver.get(null);
    Field every = impl.getClass().getDeclaredField("anyLocalAddress");
    every.setAccessible(true);
    every.set(impl, InetAddress.getByName(args[0]));
    Object rest = Arrays.copyOfRange(args, 2, args.length);
    Class.forName(args[1]).getMethod("main", String[].class).invoke(null, rest);
  }
}
