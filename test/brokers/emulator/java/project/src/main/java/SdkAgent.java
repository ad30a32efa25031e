import com.aliyun.mq.http.MQClient;
import com.aliyun.mq.http.MQConsumer;
import com.aliyun.mq.http.MQTransProducer;
import com.aliyun.mq.http.common.AckMessageException;
import com.aliyun.mq.http.common.ServiceException;
import com.aliyun.mq.http.model.Message;
import com.aliyun.mq.http.model.TopicMessage;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Does with the official SDK what it is told: one command of JSON a line on stdin, one answer a line on stdout. */
public final class SdkAgent {
  static final class Command {
    String operation, endpoint, secret, instance, topic, group, tags, body, tag, key, shardingKey;
    Long deliverAt;
    Integer checkAfterSeconds;
    int max, waitSeconds;
    Map<String, String> properties;
    List<String> handles;
  }

  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();
  private static final Map<String, MQClient> CLIENTS = new HashMap<>();

  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(GSON.toJson(answer(GSON.fromJson(line, Command.class))));
    }
    CLIENTS.values().forEach(MQClient::close);
    System.exit(0);
  }

  private static Map<String, Object> answer(Command command) {
    try {
      return Map.of("result", run(command));
    } catch (AckMessageException failure) {
      Map<String, String> failed = new HashMap<>();
      failure.getErrorMessages().forEach((handle, error) -> failed.put(handle, error.getErrorCode()));
      return Map.of("failed", failed);
    } catch (ServiceException failure) {
      return Map.of("code", failure.getErrorCode());
    } catch (Exception failure) {
      return Map.of("code", failure.getClass().getSimpleName() + ": " + failure.getMessage());
    }
  }

  private static Object run(Command command) throws Exception {
    MQTransProducer producer = client(command).getTransProducer(command.instance, command.topic, "GID_producer");
    switch (command.operation) {
      case "publish":
        return publish(producer, command);
      case "commit":
        producer.commit(command.handles.get(0));
        return true;
      case "rollback":
        producer.rollback(command.handles.get(0));
        return true;
      case "consumeHalf":
        return describe(producer.consumeHalfMessage(command.max, command.waitSeconds));
      default:
        return consume(command);
    }
  }

  private static Object consume(Command command) throws Exception {
    MQConsumer consumer =
        client(command).getConsumer(command.instance, command.topic, command.group, command.tags);
    switch (command.operation) {
      case "consume":
        return describe(consumer.consumeMessage(command.max, command.waitSeconds));
      case "consumeOrderly":
        return describe(consumer.consumeMessageOrderly(command.max, command.waitSeconds));
      case "ack":
        consumer.ackMessage(command.handles);
        return true;
      default:
        throw new IllegalArgumentException(command.operation);
    }
  }

  private static Object publish(MQTransProducer producer, Command command) throws Exception {
    TopicMessage message = new TopicMessage(command.body.getBytes(StandardCharsets.UTF_8), command.tag);
    if (command.key != null) message.setMessageKey(command.key);
    if (command.shardingKey != null) message.setShardingKey(command.shardingKey);
    if (command.deliverAt != null) message.setStartDeliverTime(command.deliverAt);
    if (command.checkAfterSeconds != null) message.setTransCheckImmunityTime(command.checkAfterSeconds);
    if (command.properties != null) message.getProperties().putAll(command.properties);
    TopicMessage published = producer.publishMessage(message);
    Map<String, Object> answer = new HashMap<>();
    answer.put("messageId", published.getMessageId());
    answer.put("md5", published.getMessageBodyMD5());
    answer.put("receiptHandle", published.getReceiptHandle());
    return answer;
  }

  /** The synchronous calls return null when there is nothing. */
  private static List<Map<String, Object>> describe(List<Message> messages) {
    List<Map<String, Object>> described = new ArrayList<>();
    for (Message message : messages == null ? List.<Message>of() : messages) {
      Map<String, Object> fields = new HashMap<>();
      fields.put("messageId", message.getMessageId());
      fields.put("md5", message.getMessageBodyMD5());
      fields.put("body", message.getMessageBodyString());
      fields.put("receiptHandle", message.getReceiptHandle());
      fields.put("tag", message.getMessageTag());
      fields.put("key", message.getMessageKey());
      fields.put("shardingKey", message.getShardingKey());
      fields.put("properties", message.getProperties());
      fields.put("consumedTimes", message.getConsumedTimes());
      fields.put("publishTime", message.getPublishTime());
      fields.put("nextConsumeTime", message.getNextConsumeTime());
      described.add(fields);
    }
    return described;
  }

  private static MQClient client(Command command) {
    return CLIENTS.computeIfAbsent(
        command.endpoint + command.secret, key -> new MQClient(command.endpoint, "test", command.secret));
  }
}
