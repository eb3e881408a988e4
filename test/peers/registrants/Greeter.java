package peer;

/** A service of Dubbo. */
public interface Greeter {
    String greet(String name);
}
