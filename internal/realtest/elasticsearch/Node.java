import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * Runs one Elasticsearch node in this JVM until it is killed: HOME/config/elasticsearch.yml is its configuration, and each
 * folder below HOME/modules is a module. Unlike the stock launcher it runs as root and skips the bootstrap checks: it is
 * for tests alone.
 */
public final class Node {
    public static void main(String[] args) throws Exception {
        Path home = Paths.get(args[0]).toAbsolutePath();
        LogConfigurator.configureESLogging();
        Environment env = InternalSettingsPreparer.prepareEnvironment(
            Settings.builder().put("path.home", home).build(), Map.of(), home.resolve("config"), () -> "node-1");
        new org.elasticsearch.node.Node(env, PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(env.modulesDir()), PluginsLoader.loadPluginsBundles(env.pluginsDir()), Map.of(), false)).start();
        new CountDownLatch(1).await();
    }
}
