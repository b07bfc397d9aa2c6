import { laboratory } from "../lab";
import { RunsView } from "../runs";

export default laboratory("runs", RunsView);
